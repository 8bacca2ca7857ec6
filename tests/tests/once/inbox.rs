//! Mails that prove the address that they come from: Postfix delivers them to the service, signed by opendkim or not.

use itseme_client::{Event, Session};
use itseme_tests::{
    AMY, Dns, World, free_port, hash,
    mail_programs::{Opendkim, Relay, folder_of_socket, submit},
    next_event, until,
};
use serde_json::json;
use tempfile::TempDir;

const OWN: &str = "verify@itse.example";

/// A service with a mailbox, and what is around it.
struct Office {
    world: World,
    amy: Session,
    dns: Dns,
    /// The key of example.org, as it stands in the DNS.
    record: String,
    postfix: Relay,
    port: u16,
    _opendkim: Opendkim,
    folder: TempDir,
}

impl Office {
    /// Postfix delivers to the service over a socket, and opendkim signs what is written at example.org.
    async fn open() -> Self {
        Self::open_at(|folder| (format!("unix:{folder}/lmtp.sock"), format!("lmtp:unix:{folder}/lmtp.sock")))
            .await
    }

    /// Listens at the first of what `place` returns for a folder, and Postfix delivers to the second.
    async fn open_at(place: impl FnOnce(&str) -> (String, String)) -> Self {
        let (folder, dns, port) = (folder_of_socket(), Dns::start().await, free_port());
        let (opendkim, record) = Opendkim::start("example.org").await;
        dns.set("s._domainkey.example.org", &record);
        let (listen, next_hop) = place(folder.path().to_str().unwrap());
        let wishes = format!(
            "[log]\nfilter = \"itseme=debug\"\n[providers.email.inbound]\naddress = \"{OWN}\"\nlisten = \"{listen}\"\n\
             socket_mode = \"0666\"\ndns = [\"{}\"]",
            dns.address()
        );
        let world = World::with(&wishes).await;
        let amy = world.client(&AMY).await;
        amy.register("xmpp", AMY.jid, false).await.unwrap();
        // As docs/delivery.md has it, and nothing else is taken.
        let map = format!("transport_maps = inline:{{{{{OWN} = {next_hop}}}}}");
        let recipients = format!("relay_recipient_maps = inline:{{{OWN}=x}}");
        let settings = [
            &map,
            &recipients,
            "relay_domains = itse.example",
            "mynetworks = 192.0.2.0/24",
            &opendkim.setting(),
            "queue_run_delay = 1s",
            "minimal_backoff_time = 1s",
            "maximal_backoff_time = 1s",
        ];
        let postfix = Relay::postfix(port, world.mail.port(), &settings).await;
        Self { world, amy, dns, record, postfix, port, _opendkim: opendkim, folder }
    }

    /// Has a message from an address waited for. Returns its text.
    async fn asks(&self, address: &str) -> String {
        let register = json!({"provider": "email", "id": address, "target": AMY.jid, "how": "send"});
        let answer = self.world.http().post("/v1/register", &register).await.ok();
        assert_eq!(answer["send"]["to"], OWN);
        answer["send"]["text"].as_str().unwrap().to_owned()
    }

    /// Writes from an address, with lines of the head besides.
    async fn writes(&self, address: &str, lines: &str, text: &str) {
        let mail = format!("From: Amy <{address}>\r\nTo: {OWN}\r\nSubject: {text}\r\n{lines}\r\nHello");
        submit(self.port, address, OWN, &mail).await;
    }

    /// Waits until Postfix has delivered so many mails to the service.
    async fn delivered(&self, count: usize) {
        let probe =
            || (self.postfix.log().matches("status=sent (250 2.0.0 Ok)").count() == count).then_some(());
        until("a delivery", probe, || self.postfix.log()).await;
    }

    async fn is_linked(&self, address: &str) -> bool {
        self.amy.confirm(&AMY.bare_jid(), &[hash("email", address)]).await.unwrap()
    }

    fn ignored(&self) -> usize {
        self.world.service.log().count("a mail does not count")
    }
}

#[tokio::test]
async fn a_signed_mail_by_way_of_postfix_links_its_address_and_no_other_mail_does() {
    let office = Office::open().await;
    let (amy, other) = ("amy@example.org", "amy@example.net");
    let (text, unsigned) = (office.asks(amy).await, office.asks(other).await);
    office.writes(other, "", &unsigned).await;
    office.writes(amy, "Auto-Submitted: auto-replied\r\n", &text).await;
    office.writes(amy, "From: Eve <eve@example.org>\r\n", &text).await;
    office.writes(amy, "In-Reply-To: <1@example.net>\r\n", &text).await;
    // opendkim signs for its own domain, and the author is of another one.
    submit(
        office.port,
        amy,
        OWN,
        &format!("Sender: {amy}\r\nFrom: {other}\r\nTo: {OWN}\r\nSubject: {unsigned}\r\n\r\n"),
    )
    .await;
    // Postfix has bounces without a sender.
    let bounced = format!("From: {amy}\r\nTo: {OWN}\r\nSubject: {text}\r\n\r\n");
    submit(office.port, "", OWN, &bounced).await;
    office.delivered(6).await;
    assert_eq!(office.ignored(), 6);
    assert!(!office.is_linked(amy).await && !office.is_linked(other).await);
    // Another's word, from an address that is signed.
    office.writes(amy, "", "12345678 eve@localhost").await;
    office.delivered(7).await;
    assert_eq!(office.ignored(), 6);
    assert!(!office.is_linked(amy).await);

    office.writes("Amy@Example.org", "", &text).await;
    let expected = hash("email", amy);
    next_event(&office.amy, |event| match event {
        Event::Verified { hash, confirmed, .. } => (confirmed && hash == expected).then_some(()),
        _ => None,
    })
    .await;
    assert!(office.is_linked(amy).await && !office.is_linked(other).await);
    let log = office.world.service.whole_log();
    let log = String::from_utf8_lossy(&log);
    assert!(!log.contains("example.org") && !log.contains("example.net"), "{log}");
    // Nothing came back to anybody.
    assert!(!office.postfix.log().contains("status=bounced"), "{}", office.postfix.log());
}

#[tokio::test]
async fn postfix_keeps_mails_until_the_dns_answers_and_the_service_is_there() {
    let mut office = Office::open().await;
    let text = office.asks("amy@example.org").await;
    office.dns.break_down("s._domainkey.example.org");
    office.writes("amy@example.org", "", &text).await;
    let put_off = |office: &Office| office.postfix.log().contains("451 4.4.3").then_some(());
    until("a mail that is put off", || put_off(&office), || office.postfix.log()).await;
    assert!(!office.is_linked("amy@example.org").await);

    // The socket of a service that was killed is replaced; that of a living one is not.
    let socket = office.folder.path().join("lmtp.sock");
    office.world.service.kill();
    assert!(socket.exists());
    let away =
        |office: &Office| office.postfix.log().contains("lmtp.sock]: Connection refused").then_some(());
    until("a mail that waits", || away(&office), || office.postfix.log()).await;
    office.world.start_service().await;
    office.dns.set("s._domainkey.example.org", &office.record);
    office.delivered(1).await;
    assert!(office.is_linked("amy@example.org").await);
    assert_eq!(office.world.service.log().count("mailbox listening"), 1);
    let checked = office.world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let line = said.lines().find(|line| line.contains("inbox: ")).unwrap();
    assert!(line.starts_with("ok ") && line.contains("the service answers at unix:"), "{line}");
    assert!(line.ends_with(&format!("{OWN} lmtp:unix:{}", socket.display())), "{line}");
    assert!(office.world.service.terminate().await.success());
    assert!(!socket.exists());
    std::fs::write(&socket, "").unwrap();
    let checked = office.world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("inbox: providers.email.inbound.listen unix:"), "{said}");
}

#[tokio::test]
async fn postfix_delivers_to_a_port_as_well() {
    let port = free_port();
    let office =
        Office::open_at(|_| (format!("127.0.0.1:{port}"), format!("lmtp:inet:127.0.0.1:{port}"))).await;
    let text = office.asks("amy@example.org").await;
    office.writes("amy@example.org", "", &text).await;
    office.delivered(1).await;
    assert!(office.is_linked("amy@example.org").await);
    let checked = office.world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let line = said.lines().find(|line| line.contains("inbox: ")).unwrap();
    assert!(line.starts_with("ok ") && line.contains("the service answers at 127.0.0.1:"), "{line}");
    assert!(line.ends_with(&format!("{OWN} lmtp:inet:127.0.0.1:{port}")), "{line}");
}
