//! What counts, and what is said over the connection.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authors;
mod dialogues;
#[path = "../../../tests/src/dns.rs"]
mod dns;
mod signer;

use std::sync::{Arc, Mutex};

use futures::FutureExt;

use self::dns::Dns;
use self::signer::Signer;
use super::{AT_ONCE, Authors, Desk, Disposition, Fault, Listener, Mailbox, OwnThread, PROVING, Written};
use crate::listen::Listen;

const OWN: &str = "verify@itseme.example";
/// What a person sends.
const WORD: &str = "12345678 amy@xmpp.example";

/// A mailbox, and what came out of it.
struct Office {
    dns: Dns,
    desk: Desk,
    used: Arc<Mutex<Vec<String>>>,
}

impl Office {
    async fn open() -> Self {
        let dns = Dns::start().await;
        let used = Arc::<Mutex<Vec<String>>>::default();
        let kept = used.clone();
        let usage = move |written: Written| {
            let is_usable = !written.text.contains("fault");
            let line = format!("{}|{}", written.identity.id, written.text);
            kept.lock().unwrap().push(line);
            async move { is_usable.then_some("linked").ok_or(Fault) }.boxed()
        };
        let desk = Desk {
            address: OWN.into(),
            authors: Authors::new(&[dns.address()]).unwrap(),
            usage: Box::new(usage),
        };
        Self { dns, desk, used }
    }

    /// Returns the mailbox, and the address where it listens, and the DNS.
    async fn mailbox(self) -> (Mailbox, String, Dns) {
        let listener = Listener::bind(&"127.0.0.1:0".parse().map(Listen::Tcp).unwrap(), 0).await;
        let listener = listener.unwrap();
        let address = listener.address().unwrap();
        let mailbox = Mailbox {
            listener,
            desk: self.desk.into(),
            thread: OwnThread::start("itseme-inbox").unwrap(),
        };
        (mailbox, address, self.dns)
    }

    /// Puts the key of a signer into the DNS.
    fn publish(&self, signer: &Signer) {
        let name = format!("s._domainkey.{}", signer.domain);
        self.dns.set(&name, &signer.record);
    }

    /// Returns what was used since the last time.
    fn used(&self) -> Vec<String> {
        std::mem::take(&mut *self.used.lock().unwrap())
    }

    /// Returns true if a mail was used.
    async fn takes(&self, mail: &str) -> bool {
        assert_eq!(
            self.desk.receive(mail.as_bytes(), false).await,
            Disposition::Done,
            "{mail}"
        );
        !self.used().is_empty()
    }
}

/// A mail from an address, with the word as its subject.
fn mail(from: &str) -> String {
    format!(
        "From: Amy <{from}>\r\nTo: {OWN}\r\nSubject: {WORD}\r\nDate: Mon, 30 Nov 2026 06:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\
         \r\nHello\r\n"
    )
}
