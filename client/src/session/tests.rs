use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufStream, DuplexStream, duplex},
    join,
};
use tokio_xmpp::xmlstream::{StreamHeader, Timeouts, initiate_stream};

use super::*;
use crate::lines::PlainLines;

/// The other end of a session: raw bytes, as a server would read and write them.
pub(crate) struct Server {
    io: DuplexStream,
    seen: String,
}

impl Server {
    /// A session of amy@localhost that is already logged in, and the server it is connected to.
    pub(crate) async fn start() -> (Session, Self) {
        let (near, far) = duplex(64 * 1024);
        let mut server = Self { io: far, seen: String::new() };
        let header = StreamHeader { to: None, from: None, id: None };
        let open =
            initiate_stream(BufStream::new(PlainLines(near)), "jabber:client", header, Timeouts::tight());
        let greeting = "<stream:stream xmlns='jabber:client' version='1.0' id='1' from='localhost' \
            xmlns:stream='http://etherx.jabber.org/streams'>";
        let (stream, ()) = join!(open, server.write(greeting));
        let stream = stream.unwrap().skip_features().box_stream();
        let session =
            Session::start(stream, "amy@localhost/1".parse().unwrap(), "itseme.localhost".parse().unwrap());
        server.read_until("version=").await;
        (session, server)
    }

    pub(crate) async fn write(&mut self, xml: &str) {
        self.io.write_all(xml.as_bytes()).await.unwrap();
    }

    /// Everything up to where `text` has come in.
    pub(crate) async fn read_until(&mut self, text: &str) -> String {
        while !self.seen.contains(text) {
            let mut bytes = [0; 4096];
            let count = self.io.read(&mut bytes).await.unwrap();
            assert!(count > 0, "closed before {text}: {}", self.seen);
            self.seen.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        std::mem::take(&mut self.seen)
    }

    /// Waits for the request that contains `text` and answers it as the service. Gives the request.
    pub(crate) async fn answer(&mut self, text: &str, result: &str) -> String {
        let request = self.request(text).await;
        self.write(&iq(&id(&request), "itseme.localhost", result)).await;
        request
    }

    /// Waits for the request that contains `text` and refuses it as the service.
    pub(crate) async fn refuse(&mut self, text: &str, code: &str) {
        let request = self.request(text).await;
        self.write(&format!(
            "<iq type='error' id='{}' from='itseme.localhost'><error type='wait'>\
             <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <{code} xmlns='it-se.me:errors'/></error></iq>",
            id(&request)
        ))
        .await;
    }

    async fn request(&mut self, text: &str) -> String {
        let mut request = self.read_until(text).await;
        if !request.contains("</iq>") {
            request += &self.read_until("</iq>").await;
        }
        request
    }

    pub(crate) async fn hang_up(self) {}
}

fn id(request: &str) -> String {
    let start = request.rfind("itseme-").unwrap();
    let id = &request[start..];
    id[..id.find(['"', '\'']).unwrap()].to_owned()
}

fn iq(id: &str, from: &str, result: &str) -> String {
    format!("<iq type='result' id='{id}' from='{from}' to='amy@localhost/1'>{result}</iq>")
}

const LINKS: &str = "<links xmlns='it-se.me:register'><hash>ab</hash></links>";

#[tokio::test]
async fn an_answer_is_matched_by_id_and_sender() {
    let (session, mut server) = Server::start().await;
    let links = tokio::spawn(async move { session.links().await });
    let request = server.read_until("</iq>").await;
    assert!(request.contains("<links xmlns='it-se.me:register'"), "{request}");
    let id = id(&request);
    let forged = "<links xmlns='it-se.me:register'><hash>forged</hash></links>";
    server.write(&iq(&id, "eve@localhost/x", forged)).await;
    server.write(&iq(&id, "itseme.localhost/x", forged)).await;
    server.write(&format!("<iq type='result' id='{id}'>{forged}</iq>")).await;
    server.write(&iq("itseme-99", "itseme.localhost", forged)).await;
    server.write(&iq(&id, "itseme.localhost", LINKS)).await;
    assert_eq!(links.await.unwrap().unwrap(), ["ab"]);
}

#[tokio::test]
async fn calls_overlap_with_each_other_and_with_events() {
    let (session, mut server) = Server::start().await;
    let both = async { join!(session.links(), session.verify("ab", "1"), session.next_event()) };
    let serve = async {
        let mut seen = server.read_until("</verify></iq>").await;
        if seen.matches("</iq>").count() < 2 && seen.matches("<links").count() == 0 {
            seen += &server.read_until("<links").await;
        }
        let verified = "<verify xmlns='it-se.me:verify'><hash>ab</hash><confirmed>true</confirmed></verify>";
        server.write("<message from='eve@localhost/x'><body>hi</body></message>").await;
        server.write(&iq("itseme-2", "itseme.localhost", verified)).await;
        server.write(&iq("itseme-1", "itseme.localhost", LINKS)).await;
    };
    let ((links, verified, event), ()) = join!(both, serve);
    assert_eq!(links.unwrap(), ["ab"]);
    assert!(verified.unwrap());
    assert!(matches!(event, Some(Event::Message { body, .. }) if body == "hi"));
}

#[tokio::test]
async fn an_error_keeps_its_code() {
    let (session, mut server) = Server::start().await;
    let serve = async {
        let id = id(&server.read_until("</iq>").await);
        server
            .write(&format!(
                "<iq type='error' id='{id}' from='itseme.localhost'><register xmlns='it-se.me:register'/>\
                 <error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 <unknown-provider xmlns='it-se.me:errors'/></error></iq>"
            ))
            .await;
    };
    let (result, ()) = join!(session.register("github", "amy", true), serve);
    let Err(Error::Service { code, condition, .. }) = result else { panic!("{result:?}") };
    assert_eq!((code.as_deref(), condition.as_str()), (Some("unknown-provider"), "feature-not-implemented"));
}

#[tokio::test]
async fn a_lost_connection_ends_calls_and_events() {
    let (session, mut server) = Server::start().await;
    let lose = async {
        server.read_until("<links").await;
        server.hang_up().await;
    };
    let (links, ()) = join!(session.links(), lose);
    assert!(matches!(links, Err(Error::Disconnected)), "{links:?}");
    assert!(matches!(session.next_event().await, Some(Event::Disconnected { .. })));
    assert!(session.next_event().await.is_none());
    assert!(matches!(session.links().await, Err(Error::Disconnected)));
}

#[tokio::test]
async fn a_stream_error_says_why() {
    let (session, mut server) = Server::start().await;
    server
        .write("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
        .await;
    let Some(Event::Disconnected { reason }) = session.next_event().await else { panic!() };
    assert!(reason.contains("conflict"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_waited_out_for_ever() {
    let (session, _server) = Server::start().await;
    assert!(matches!(session.links().await, Err(Error::Timeout(60))));
}

#[tokio::test]
async fn odd_stanzas_do_not_end_the_stream() {
    let (session, mut server) = Server::start().await;
    let deep = format!("<message>{}{}</message>", "<a>".repeat(500), "</a>".repeat(500));
    for xml in [
        "<presence><show>zzz</show></presence>",
        "<message type='bogus' from='@@'/>",
        "<iq type='result' from='eve@localhost'/>",
        "<iq type='bogus'/>",
        "<what xmlns='ever'/>",
        "<presence><x xmlns='ever' a='b\rc'/></presence>",
        &deep,
    ] {
        server.write(xml).await;
    }
    server
        .write("<iq type='get' id='7' from='eve@localhost/x'><query xmlns='jabber:iq:version'/></iq>")
        .await;
    let refusal = server.read_until("</iq>").await;
    assert!(refusal.contains("service-unavailable") && refusal.contains("eve@localhost/x"), "{refusal}");
    server.write("<message from='eve@localhost/x'><body>hi</body></message>").await;
    assert!(matches!(session.next_event().await, Some(Event::Message { body, .. }) if body == "hi"));
}

#[tokio::test]
async fn what_xml_cannot_carry_is_refused_before_it_is_sent() {
    let (session, mut server) = Server::start().await;
    assert!(matches!(session.register("phone", "\u{1}", false).await, Err(Error::Malformed(_))));
    assert!(matches!(session.verify("\u{0}", "\u{ffff}").await, Err(Error::Malformed(_))));
    let (links, _) = join!(session.links(), server.answer("<links", LINKS));
    assert_eq!(links.unwrap(), ["ab"]);
}

#[tokio::test]
async fn it_tells_what_it_can_do_and_refuses_other_requests() {
    let (_session, mut server) = Server::start().await;
    let info = "http://jabber.org/protocol/disco#info";
    server
        .write(&format!("<iq type='get' id='d1' from='itseme.localhost'><query xmlns='{info}'/></iq>"))
        .await;
    let answer = server.read_until("</iq>").await;
    assert!(answer.contains("type='result'") && answer.contains("id='d1'"), "{answer}");
    for feature in [info, "it-se.me:contact"] {
        assert!(answer.contains(&format!("var='{feature}'")), "{answer}");
    }
    for (id, kind, query) in [
        ("d2", "get", format!("<query xmlns='{info}' node='x'/>")),
        ("d3", "set", format!("<query xmlns='{info}'/>")),
        ("d4", "get", "<query xmlns='jabber:iq:version'/>".to_owned()),
    ] {
        server.write(&format!("<iq type='{kind}' id='{id}' from='itseme.localhost'>{query}</iq>")).await;
        let answer = server.read_until("</iq>").await;
        assert!(answer.contains("service-unavailable") && answer.contains(id), "{answer}");
    }
}

#[tokio::test]
async fn presence_is_sent_when_it_is_asked_for() {
    let (session, mut server) = Server::start().await;
    session.send_raw(Element::bare("first", "x")).await.unwrap();
    session.become_available().await.unwrap();
    let sent = server.read_until("<presence").await;
    assert!(sent.contains("<first") && sent.matches("<presence").count() == 1, "{sent}");
}

#[tokio::test]
async fn everything_is_forgotten_only_on_demand() {
    let (session, mut server) = Server::start().await;
    assert!(matches!(session.forget(&[] as &[&str]).await, Err(Error::NothingNamed)));
    let (forgotten, _) = join!(session.forget(&["ab"]), server.answer("<hash>ab</hash>", ""));
    forgotten.unwrap();
    let (forgotten, request) = join!(session.forget_all(), async {
        let request = server.read_until("</iq>").await;
        server.write(&iq(&id(&request), "itseme.localhost", "")).await;
        request
    });
    forgotten.unwrap();
    assert!(request.contains("<forget") && !request.contains("<hash"), "{request}");
}

#[tokio::test]
async fn one_is_muted_or_all() {
    let (session, mut server) = Server::start().await;
    let eve = "eve@localhost".parse().unwrap();
    let (muted, request) = join!(session.mute(&eve), server.answer("<jid>eve@localhost</jid>", ""));
    muted.unwrap();
    assert!(request.contains("<mute "), "{request}");
    for (call, name) in [(true, "<mute "), (false, "<unmute ")] {
        let muting = async { if call { session.mute_all().await } else { session.unmute_all().await } };
        let (done, request) = join!(muting, server.answer(name, ""));
        done.unwrap();
        assert!(!request.contains("<jid"), "{request}");
    }
    let answer = "<mutes xmlns='it-se.me:contact'><all/><jid>eve@localhost</jid></mutes>";
    let (muted, _) = join!(session.mutes(), server.answer("<mutes", answer));
    assert_eq!(muted.unwrap(), Muted { everybody: true, jids: vec![eve] });
}

#[tokio::test]
async fn closing_says_goodbye() {
    let (session, mut server) = Server::start().await;
    let goodbye = async {
        server.read_until("</stream:stream>").await;
        server.write("</stream:stream>").await;
    };
    join!(session.close(), goodbye);
    assert!(matches!(session.next_event().await, Some(Event::Disconnected { .. })));
}

#[tokio::test]
async fn a_closed_port_is_a_clear_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = Options {
        jid: "amy@localhost".parse().unwrap(),
        password: "x".into(),
        service: "itseme.localhost".parse().unwrap(),
        server: Some(format!("127.0.0.1:{port}")),
    };
    assert!(matches!(Session::connect(options).await, Err(Error::Unreachable(_))));
}
