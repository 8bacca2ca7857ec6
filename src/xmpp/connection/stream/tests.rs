//! Streams, read as a server writes them, or as it should not.

#![allow(clippy::unwrap_used, clippy::panic)]
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::StreamElementError;
use xmpp_parsers::message::MessageType;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

async fn read(stanzas: &str) -> Vec<Result<FallibleStreamElement, StreamEnd>> {
    let xml = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
         xmlns:stream='http://etherx.jabber.org/streams' id='1'>{stanzas}</stream:stream>"
    );
    let mut reader = StanzaReader::new(xml.as_bytes());
    assert_eq!(reader.header().await.unwrap(), "1");
    let mut read = Vec::new();
    loop {
        match reader.next(PATIENCE).await {
            Ok(Incoming::Element(element, _)) => read.push(Ok(*element)),
            Ok(Incoming::Silence | Incoming::Misnamed(..)) => {}
            Err(StreamEnd::Closed) => return read,
            Err(end) => {
                read.push(Err(end));
                return read;
            }
        }
    }
}

fn is_iq(element: &Result<FallibleStreamElement, StreamEnd>) -> bool {
    matches!(
        element,
        Ok(FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Iq(_))))
    )
}

const IQ: &str = "<iq type='get' id='1' from='a@b.c' to='d.e'><ping xmlns='urn:xmpp:ping'/></iq>";

#[tokio::test]
async fn a_stanza_that_does_not_parse_is_told_and_the_next_is_read() {
    for broken in [
        "<presence from='a@b.c' to='d.e'><show>zzz</show></presence>",
        "<iq type='get' id='2' from='a@b.c' to='d.e'/>",
        "<iq type='bogus' id='2'><a xmlns='b'/></iq>",
        "<iq type='get'><a xmlns='b'/></iq>",
        "<iq type='set' id='2' from='a@b.c' to='d.e'><a xmlns='b'><c/></a><a xmlns='b'/><a xmlns='b'/></iq>",
    ] {
        let read = read(&format!("{broken} \n{IQ}")).await;
        assert_eq!(read.len(), 2, "{broken}");
        assert!(
            matches!(
                &read[0],
                Ok(FallibleStreamElement::Err(StreamElementError::InvalidStanza { .. }))
            ),
            "{broken}"
        );
        assert!(is_iq(&read[1]), "{broken}");
    }
}

#[tokio::test]
async fn a_message_of_an_unknown_type_is_a_normal_one() {
    for type_ in ["bogus", "message", "", "Chat"] {
        let message = format!("<message type='{type_}' from='a@b.c' to='d.e'><body>help</body></message>");
        let read = read(&message).await;
        let Ok(FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Message(message)))) = &read[0] else {
            panic!("{type_}");
        };
        assert_eq!(message.type_, MessageType::Normal, "{type_}");
    }
}

#[tokio::test]
async fn long_attributes_and_texts_are_read() {
    for length in [10 * 1024, 600 * 1024] {
        let long = "x".repeat(length);
        let stanza = format!("<iq type='get' id='1'><a xmlns='b' c='{long}'>{long}</a></iq>");
        let read = read(&format!("{stanza}{IQ}")).await;
        assert!(read.len() == 2 && read.iter().all(is_iq));
    }
}

#[tokio::test]
async fn who_is_not_named_in_normal_form_is_told_apart() {
    let is_misnamed = async |from: &str| {
        let stream = format!(
            "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>\
             <iq type='get' id='1' to='d.e' from='{from}'><ping xmlns='urn:xmpp:ping'/></iq>"
        );
        let mut reader = StanzaReader::new(stream.as_bytes());
        reader.header().await.unwrap();
        match reader.next(PATIENCE).await.unwrap() {
            Incoming::Misnamed(name, header) => {
                assert_eq!((name.as_str(), header.from.as_deref()), ("iq", Some(from)));
                assert_eq!(
                    (header.type_.as_deref(), header.id.as_deref()),
                    (Some("get"), Some("1"))
                );
                true
            }
            Incoming::Element(..) => false,
            Incoming::Silence => unreachable!("bytes are never late"),
        }
    };
    for normal in [
        "amy@example.org",
        "amy@example.org/Phone Ａ",
        "example.org",
        "a\u{f6}@b\u{fc}cher.example/x",
        "a.b+c%1@xn--bcher-kva.example",
        "a@[2001:db8::1]",
    ] {
        assert!(!is_misnamed(normal).await, "{normal}");
    }
    for other in [
        "Amy@example.org/x",
        "amy@Example.org",
        "\u{ff41}my@example.org",
        "a\u{aa}@example.org",
        "am\u{ad}y@example.org",
        "amy@exam\u{200b}ple.org",
        "a\u{df}@example.org",
    ] {
        assert!(is_misnamed(other).await, "{other}");
    }
    // Of a sender that is no JID at all, nothing is read.
    assert!(!is_misnamed("@").await);
}

#[tokio::test]
async fn nesting_is_cut_and_does_not_overflow() {
    let deep = 100_000;
    let nested = format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep));
    let read = read(&format!("<iq type='get' id='1'><x xmlns='y'>{nested}</x></iq>{IQ}")).await;
    assert!(read.len() == 2 && read.iter().all(is_iq));
    let Ok(FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Iq(xmpp_parsers::iq::Iq::Get {
        payload, ..
    })))) = &read[0]
    else {
        unreachable!()
    };
    let (mut depth, mut element) = (0, payload);
    while let Some(child) = element.children().next() {
        (depth, element) = (depth + 1, child);
    }
    assert!((10..50).contains(&depth), "{depth}");
}

#[tokio::test]
async fn a_stream_error_is_told_with_condition_and_text() {
    let error = "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                 <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>twice</text></stream:error>";
    let read = read(error).await;
    assert_eq!(
        read[0].as_ref().unwrap_err().to_string(),
        "the server ended the stream: conflict (twice)"
    );
}

#[tokio::test]
async fn what_is_no_xml_ends_the_stream() {
    assert!(matches!(&read("<a b=c>").await[..], [Err(StreamEnd::NoXml(_))]));
}

#[tokio::test]
async fn the_ways_in_which_a_connection_ends_are_told_apart() {
    const HEADER: &str = "<stream:stream xmlns='jabber:component:accept' \
                          xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
    let end = async |sent: &str| {
        let mut reader = StanzaReader::new(sent.as_bytes());
        if let Err(end) = reader.header().await {
            return end.to_string();
        }
        loop {
            if let Err(end) = reader.next(PATIENCE).await {
                return end.to_string();
            }
        }
    };
    for between in [
        "",
        "<?xml version='1.0'?>",
        HEADER,
        &format!("{HEADER} \n"),
        &format!("{HEADER}{IQ}"),
        &format!("{HEADER}{IQ} "),
    ] {
        assert_eq!(
            end(between).await,
            "the server closed the connection without closing the stream",
            "{between}"
        );
    }
    for amid in [
        &HEADER[..20],
        &format!("{HEADER}<"),
        &format!("{HEADER}<iq id='"),
        &format!("{HEADER}<iq><ping> "),
        &format!("{HEADER}{IQ}</"),
    ] {
        assert_eq!(
            end(amid).await,
            "the server closed the connection in the middle of a stanza",
            "{amid}"
        );
    }
    assert_eq!(
        end(&format!("{HEADER}{IQ}</stream:stream>")).await,
        "the server closed the stream"
    );
    assert_eq!(
        end(&format!("{HEADER}</stream:stream> ")).await,
        "the server closed the stream"
    );
}

#[test]
fn a_reset_is_told_by_its_name() {
    let reset = StreamEnd::from(io::Error::from(io::ErrorKind::ConnectionReset));
    assert!(matches!(reset, StreamEnd::Reset(_)));
    assert!(matches!(
        StreamEnd::from(io::Error::from(io::ErrorKind::TimedOut)),
        StreamEnd::Io(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_and_nothing_is_lost_by_it() {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    let mut reader = StanzaReader::new(client);
    server
        .write_all(
            b"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>",
        )
        .await
        .unwrap();
    reader.header().await.unwrap();
    server.write_all(&IQ.as_bytes()[..10]).await.unwrap();
    assert!(matches!(reader.next(PATIENCE).await.unwrap(), Incoming::Silence));
    server.write_all(&IQ.as_bytes()[10..]).await.unwrap();
    assert!(matches!(reader.next(PATIENCE).await.unwrap(), Incoming::Element(..)));
}
