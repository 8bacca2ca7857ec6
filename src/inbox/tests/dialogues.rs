//! What is said over a connection.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::inbox::dialogue::serve;

/// Says all of it, ends, and returns the answers.
async fn say(office: &Office, said: &[u8]) -> String {
    let (near, far) = duplex(64 * 1024);
    let (mut heard, mut speak) = tokio::io::split(near);
    let (stop, mut answers) = (CancellationToken::new(), Vec::new());
    let speaking = async {
        let _ = speak.write_all(said).await;
        let _ = speak.shutdown().await;
    };
    let (_, _, served) = tokio::join!(speaking, heard.read_to_end(&mut answers), async {
        let served = serve(far, &office.desk, &stop).await;
        served.is_ok()
    });
    assert!(served);
    String::from_utf8(answers).unwrap()
}

/// The codes of the answers to what comes after LHLO.
async fn codes(office: &Office, said: &str) -> Vec<String> {
    let answers = say(office, format!("LHLO mx\r\n{said}").as_bytes()).await;
    let after = answers.split_once("250 ENHANCEDSTATUSCODES\r\n").unwrap().1;
    after
        .lines()
        .map(|line| line.split_inclusive(' ').take(2).collect::<String>().trim().to_owned())
        .collect()
}

fn delivery(mail: &str) -> String {
    format!("MAIL FROM:<amy@example.org> BODY=8BITMIME SIZE=999\r\nRCPT TO:<{OWN}>\r\nDATA\r\n{mail}.\r\n")
}

#[tokio::test]
async fn a_mail_is_taken_as_postfix_delivers_it() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let signed = signer.sign(&mail("amy@example.org"));
    let said = format!("LHLO mx\r\n{}{}QUIT\r\n", delivery(&signed), delivery(&signed));
    let answers = say(&office, said.as_bytes()).await;
    let expected = "220 itseme.example LMTP itseme\r\n250-itseme.example\r\n250-SIZE 262144\r\n250-PIPELINING\r\n250-8BITMIME\r\n\
                    250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n354 Send the mail, and a dot\r\n\
                    250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n354 Send the mail, and a dot\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n";
    assert_eq!(answers, expected);
    assert_eq!(office.used().len(), 2);
}

#[tokio::test]
async fn it_takes_mails_to_its_address_alone_and_answers_for_each() {
    let office = Office::open().await;
    let said = format!(
        "MAIL FROM:<>\r\nRCPT TO:<other@itseme.example>\r\nRCPT TO:<{}>\r\nRCPT TO:<{OWN}>\r\nDATA\r\n..x: y\r\n.\r\nDATA\r\n",
        OWN.to_uppercase()
    );
    let expected = [
        "250 2.0.0",
        "550 5.1.1",
        "250 2.0.0",
        "250 2.0.0",
        "354 Send",
        "250 2.0.0",
        "250 2.0.0",
        "503 5.5.1",
    ];
    assert_eq!(codes(&office, &said).await, expected);
}

#[tokio::test]
async fn a_mail_may_be_empty() {
    let office = Office::open().await;
    assert_eq!(
        codes(&office, &format!("{}NOOP\r\n", delivery(""))).await[2..],
        ["354 Send", "250 2.0.0", "250 2.0.0"]
    );
}

#[tokio::test]
async fn commands_out_of_order_and_unknown_ones_are_refused() {
    let office = Office::open().await;
    let said = format!(
        "RCPT TO:<{OWN}>\r\nDATA\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<{OWN}>\r\nRSET\r\nDATA\r\nRCPT\r\nRCPT TO:x\r\n\
         XFORWARD NAME=x\r\nSTARTTLS\r\nVRFY x\r\nEHLO x\r\nNOOP\r\nQUIT\r\nNOOP\r\n"
    );
    let expected = [
        "503 5.5.1",
        "503 5.5.1",
        "250 2.0.0",
        "503 5.5.1",
        "503 5.5.1",
        "250 2.0.0",
        "250 2.0.0",
        "503 5.5.1",
        "501 5.5.4",
        "501 5.5.4",
        "500 5.5.1",
        "502 5.5.1",
        "252 2.5.0",
        "500 5.5.1",
        "250 2.0.0",
        "221 2.0.0",
    ];
    assert_eq!(codes(&office, &said).await, expected);
    let ungreeted = say(&office, b"MAIL FROM:<a@b>\r\n").await;
    assert!(
        ungreeted.ends_with("\r\n503 5.5.1 Another command comes first\r\n"),
        "{ungreeted}"
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let office = Office::open().await;
    let large = "x".repeat(70) + "\r\n";
    let said = delivery(&large.repeat(5000)) + "MAIL FROM:<a@b> SIZE=262145\r\nMAIL FROM:<a@b> SIZE=262144\r\n";
    assert_eq!(
        codes(&office, &said).await[2..],
        ["354 Send", "552 5.3.4", "552 5.3.4", "250 2.0.0"]
    );
    // 3640 lines of 72 bytes are less than 256 KiB, 3641 are more.
    for (lines, code) in [(3640, "250 2.0.0"), (3641, "552 5.3.4")] {
        assert_eq!(codes(&office, &delivery(&large.repeat(lines))).await[3], code);
    }
    let line = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(20_000));
    assert_eq!(codes(&office, &line).await, ["500 5.5.2"]);
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let (mut near, far) = duplex(64);
    let (desk, stop) = (office.desk, CancellationToken::new());
    let serving = tokio::spawn(async move { serve(far, &desk, &stop).await });
    let said = format!(
        "LHLO mx\r\n{}QUIT\r\n",
        delivery(&signer.sign(&mail("amy@example.org")))
    );
    let mut answers = String::new();
    for byte in said.bytes() {
        near.write_all(&[byte]).await.unwrap();
        if byte == b'\n' {
            // Whatever is there by now.
            let mut buffer = [0; 512];
            while let Ok(Ok(length @ 1..)) =
                tokio::time::timeout(Duration::from_millis(2), near.read(&mut buffer)).await
            {
                answers += std::str::from_utf8(&buffer[..length]).unwrap();
            }
        }
    }
    near.read_to_string(&mut answers).await.unwrap();
    serving.await.unwrap().unwrap();
    assert!(answers.ends_with("221 2.0.0 Bye\r\n"), "{answers}");
    assert_eq!(office.used.lock().unwrap().len(), 1);
}

async fn rest(mut stream: DuplexStream) -> String {
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    answers
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_or_too_slow_is_let_go() {
    let office = Office::open().await;
    for slowly in [false, true] {
        let (near, far) = duplex(1024);
        let (mut heard, mut speak) = tokio::io::split(near);
        let stop = CancellationToken::new();
        let serving = serve(far, &office.desk, &stop);
        let slow = async {
            while slowly && speak.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(50)).await;
            }
        };
        let mut answers = String::new();
        let (served, read, ()) = tokio::join!(serving, heard.read_to_string(&mut answers), slow);
        served.unwrap();
        read.unwrap();
        assert!(answers.contains("\r\n421 4.4.2 "), "{answers}");
    }
}

/// Says something again and again, with a pause each time. Returns the answers.
async fn repeat(said: &str, pause: Duration) -> String {
    let office = Office::open().await;
    let (near, far) = duplex(64 * 1024);
    let (mut heard, mut speak) = tokio::io::split(near);
    let stop = CancellationToken::new();
    let speaking = async {
        speak.write_all(b"LHLO mx\r\n").await.unwrap();
        for _ in 0..100 {
            let _ = speak.write_all(said.as_bytes()).await;
            tokio::time::sleep(pause).await;
        }
        let _ = speak.shutdown().await;
    };
    let mut answers = String::new();
    let serving = serve(far, &office.desk, &stop);
    let (served, read, ()) = tokio::join!(serving, heard.read_to_string(&mut answers), speaking);
    served.unwrap();
    read.unwrap();
    let (_, after) = answers.split_once("250 ENHANCEDSTATUSCODES\r\n").unwrap();
    assert!(after.ends_with("\r\n421 4.4.2 It takes too long\r\n"), "{after}");
    after.to_owned()
}

/// Places are few, and somebody might keep them all.
#[tokio::test(start_paused = true)]
async fn nobody_keeps_a_place() {
    // Without a mail, a minute.
    let idle = repeat("NOOP\r\n", Duration::from_secs(25)).await;
    assert_eq!(idle.matches("250 ").count(), 3);
    let begun = format!("RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{OWN}>\r\n");
    let begun = repeat(&begun, Duration::from_secs(25)).await;
    assert_eq!(begun.matches("250 ").count(), 9);
    // With mails, ten.
    let mails = repeat(&delivery(""), Duration::from_secs(55)).await;
    assert_eq!(mails.matches("354 ").count(), 11);
}

/// Nothing is ever waited for here.
#[tokio::test]
async fn whoever_sends_without_a_pause_is_let_go() {
    let office = Office::open().await;
    tokio::time::pause();
    let (near, far) = duplex(64);
    let (mut heard, mut speak) = tokio::io::split(near);
    let stop = CancellationToken::new();
    let speaking = async {
        for _ in 0..1000 {
            let _ = speak.write_all(b"NOOP\r\n").await;
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        let _ = speak.shutdown().await;
    };
    let mut answers = String::new();
    let (served, read, ()) = tokio::join!(
        serve(far, &office.desk, &stop),
        heard.read_to_string(&mut answers),
        speaking
    );
    served.unwrap();
    read.unwrap();
    assert!(answers.ends_with("\r\n421 4.4.2 It takes too long\r\n"), "{answers}");
}

#[tokio::test]
async fn it_says_that_the_service_stops() {
    let office = Office::open().await;
    let (near, far) = duplex(1024);
    let stop = CancellationToken::new();
    stop.cancel();
    serve(far, &office.desk, &stop).await.unwrap();
    let answers = rest(near).await;
    assert!(answers.ends_with("421 4.3.2 The service stops\r\n"), "{answers}");
}

/// Reading a mail is work that nothing else of the service may wait for.
#[tokio::test]
async fn mails_are_read_on_a_thread_of_their_own() {
    let mut office = Office::open().await;
    let (used, mut names) = tokio::sync::mpsc::unbounded_channel();
    office.desk.usage = Box::new(move |_| {
        let _ = used.send(std::thread::current().name().map(str::to_owned));
        async { Ok("linked") }.boxed()
    });
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let (mailbox, address, _dns) = office.mailbox().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(mailbox.run(stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let said = format!(
        "LHLO mx\r\n{}QUIT\r\n",
        delivery(&signer.sign(&mail("amy@example.org")))
    );
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.ends_with("\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"), "{answers}");
    assert_eq!(names.recv().await.unwrap().as_deref(), Some("itseme-inbox"));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn who_finds_no_place_is_told_at_once_to_come_again() {
    let (mailbox, address, _dns) = Office::open().await.mailbox().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(mailbox.run(stop.clone()));
    let greeted = async || {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let mut code = [0; 4];
        stream.read_exact(&mut code).await.unwrap();
        (code == *b"220 ").then_some(stream).ok_or(code)
    };
    let mut held = Vec::new();
    for _ in 0..AT_ONCE {
        held.push(greeted().await.unwrap());
    }
    assert_eq!(greeted().await.unwrap_err(), *b"421 ");
    assert_eq!(greeted().await.unwrap_err(), *b"421 ");
    held.pop();
    while greeted().await.is_err() {}
    stop.cancel();
    drop(held);
    running.await.unwrap();
}

#[tokio::test]
async fn each_mail_must_be_delivered_again_that_is_not_used() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    let signed = signer.sign(&mail("amy@example.org").replace(WORD, "1 fault"));
    office.dns.break_down("s._domainkey.example.org");
    assert_eq!(codes(&office, &delivery(&signed)).await[3], "451 4.4.3");
    office.publish(&signer);
    assert_eq!(codes(&office, &delivery(&signed)).await[3], "451 4.3.0");
}

/// Parts of dialogues and mails, in any order.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "LHLO x\r\n",
            "MAIL FROM:<>\r\n",
            "MAIL FROM:<a@b> SIZE=x\r\n",
            "RCPT TO:<verify@itseme.example>\r\n",
            "DATA\r\n",
            "BDAT 5\r\n",
            "\r\n.\r\n",
            ".",
            "\r",
            "\n",
            "From: a@b\r\n",
            "From: =?utf-8?b?",
            "DKIM-Signature: v=1; a=rsa-sha256; d=b; s=s; h=from; bh=; b=",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            "--a\r\n",
            "Content-Transfer-Encoding: base64\r\n",
            ": ",
            ";",
            "<",
            "@",
            "\"",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

#[test]
fn nothing_that_is_said_ends_it() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let office = runtime.block_on(Office::open());
    proptest!(|(noise in noise())| {
        let mail = [b"From: a@b.example\r\nTo: verify@itseme.example\r\n", noise.as_slice()].concat();
        let _ = crate::inbox::mail::read(&mail, false, OWN);
        let _ = crate::inbox::mail::read(&noise, false, OWN);
        let answers = runtime.block_on(say(&office, &noise));
        prop_assert!(answers.starts_with("220 "));
    });
}
