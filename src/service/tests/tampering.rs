//! An attacker who can write the database but has no key, and also uses the service. Nothing that they move, copy or
//! break makes the service give a false answer, or keeps others from proving their identities again.

mod before;

use rusqlite::Connection;

use super::*;
use crate::model::hex;

const MALLORYS: &str = "+447700900666";

fn mallory() -> BareJid {
    jid("mallory@example.net")
}

/// Returns a MAC as SQL.
fn sql(mac: &Mac) -> String {
    format!("x'{}'", hex::write(&mac.0))
}

fn id_of(number: &str) -> String {
    sql(&keys().id(&Identity::parse("phone".into(), number).unwrap().hash()))
}

fn owner_of(jid: &BareJid) -> String {
    sql(&keys().owner(jid))
}

/// Every choice of some of `columns`.
fn choices<'a>(columns: &'a [&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    (1..1usize << columns.len()).map(|chosen| {
        let is_chosen = |n: usize| chosen >> n & 1 == 1;
        (0..columns.len())
            .filter(|n| is_chosen(*n))
            .map(|n| columns[n])
            .collect()
    })
}

/// Copies `columns` of the row of `table` that `from` selects into the one that `to` selects.
fn copy(table: &str, columns: &[&str], from: &str, to: &str) -> String {
    let columns = columns.iter();
    let set: Vec<String> = columns
        .map(|column| format!("{column} = (SELECT {column} FROM {table} WHERE {from})"))
        .collect();
    format!("UPDATE OR REPLACE {table} SET {} WHERE {to}", set.join(", "))
}

impl Fixture {
    /// Starts a service over a database from before boxes were bound to their rows, whose links have no proof.
    fn of_before() -> Self {
        Self::under(keys().unbound(), |settings| settings.require_token = true)
    }

    /// Changes the database behind the service's back.
    pub(super) async fn tamper(&self, sql: &str) {
        let database = Connection::open(self._folder.path().join("test.db")).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
        // Who reads keeps what there was until the service itself has written.
        self.service.purge().await.unwrap();
    }

    /// Returns `true` if the service vouches in any way for that number being Mallory's.
    async fn is_fooled(&self, number: &str) -> bool {
        let mallory = mallory();
        let request = Self::request(&mallory, &[("phone", number)], vec![own_hash(&michael())]);
        let links = self.service.links(&mallory).await.unwrap();
        self.confirms(&mallory, &hash("phone", number)).await
            || self.service.contact_native(request).await.is_ok()
            || links.iter().any(|link| link.hash.to_string() == hash("phone", number))
    }

    /// Returns the JIDs that Michael reaches by asking for that number.
    async fn reached(&self, number: &str) -> Vec<String> {
        self.sent(Queue::XMPP).await;
        let michael = michael();
        self.register(&michael, "xmpp", michael.as_str()).await.unwrap();
        let request = Self::request(&michael, &[("xmpp", michael.as_str())], vec![hash("phone", number)]);
        self.service.contact_native(request).await.unwrap();
        self.match_requests().await;
        self.introductions().await.into_iter().map(|(to, _)| to).collect()
    }
}

async fn linked() -> Fixture {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&mallory(), MALLORYS).await;
    it.clock.advance(MINUTE);
    it
}

#[tokio::test]
async fn links_that_are_moved_or_copied_are_nobodys() {
    for columns in choices(&["id_mac", "owner_mac", "proof", "box"]) {
        for (from, to) in [(MALLORYS, PHONE), (PHONE, MALLORYS)] {
            let it = linked().await;
            let [from, to] = [from, to].map(|number| format!("id_mac = {}", id_of(number)));
            it.tamper(&copy("links", &columns, &from, &to)).await;
            assert!(!it.is_fooled(PHONE).await, "{columns:?}");
            let reached = it.reached(PHONE).await;
            assert!(!reached.contains(&mallory().to_string()), "{columns:?}");
            // And whoever has lost by it proves the number again.
            it.link_phone(&amy(), PHONE).await;
            assert!(it.confirms(&amy(), &hash("phone", PHONE)).await, "{columns:?}");
        }
    }
}

#[tokio::test]
async fn a_link_that_does_not_open_is_proven_again() {
    for broken in [
        "box = x'00'",
        "box = randomblob(150)",
        "owner_mac = x'00'",
        "owner_mac = randomblob(16)",
        "proof = x''",
        "verified_on = -1",
    ] {
        let it = linked().await;
        it.tamper(&format!("UPDATE links SET {broken}")).await;
        it.service.links(&amy()).await.unwrap();
        it.link_phone(&amy(), PHONE).await;
        assert!(it.confirms(&amy(), &hash("phone", PHONE)).await, "{broken}");
        assert_eq!(it.reached(PHONE).await, [amy().to_string()], "{broken}");
        // By another, who has the number now.
        it.tamper(&format!("UPDATE links SET {broken}")).await;
        it.clock.advance(MINUTE);
        it.link_phone(&mallory(), PHONE).await;
        assert!(it.confirms(&mallory(), &hash("phone", PHONE)).await, "{broken}");
        it.service.forget_native(&mallory(), &[]).await.unwrap();
        assert!(it.service.links(&mallory()).await.unwrap().is_empty());
        let other = Keys::new(&zeroize::Zeroizing::new([8; 32]));
        it.service.rekey(other).await.unwrap();
    }
}

/// Mallory has a code for a number of hers, and registers that of another.
async fn waiting() -> (Fixture, String) {
    let it = Fixture::new();
    it.register(&mallory(), "phone", MALLORYS).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    it.clock.advance(MINUTE);
    it.register(&mallory(), "phone", PHONE).await.unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    (it, code)
}

#[tokio::test]
async fn registrations_that_are_moved_or_copied_prove_nothing() {
    for columns in choices(&["id_mac", "owner_mac", "code_mac", "box"]) {
        for (from, to) in [(MALLORYS, PHONE), (PHONE, MALLORYS)] {
            let (it, code) = waiting().await;
            let unseen = it.peek_code(Queue::PHONE).await;
            let [from, to] = [from, to].map(|number| format!("id_mac = {}", id_of(number)));
            it.tamper(&copy("pending", &columns, &from, &to)).await;
            for number in [PHONE, MALLORYS] {
                let _ = it.verify(&mallory(), &hash("phone", number), &code).await;
                let _ = it.verify_http(&hash("phone", number), &code).await;
            }
            let _ = it.service.verify_any_native(&mallory(), &code).await;
            assert!(unseen == code || !it.is_fooled(PHONE).await, "{columns:?}");
            // A new code is sent at once, and is right.
            it.sent(Queue::PHONE).await;
            it.clock.advance(MINUTE);
            let again = it.resend(&mallory(), "phone", MALLORYS).await.unwrap();
            if again.status == Status::Pending {
                let code = it.codes(Queue::PHONE).await.pop().unwrap();
                it.verify(&mallory(), &hash("phone", MALLORYS), &code).await.unwrap();
            }
            assert!(it.confirms(&mallory(), &hash("phone", MALLORYS)).await, "{columns:?}");
        }
    }
}

#[tokio::test]
async fn a_registration_that_does_not_open_is_begun_anew() {
    for (broken, code) in [
        ("box = x'00'", "not_found"),
        ("code_mac = x'00'", "not_found"),
        ("expires_at = -1", "not_found"),
        ("native_guesses = -1", "faulty_code"),
    ] {
        let (it, _) = waiting().await;
        it.sent(Queue::EMAIL).await;
        it.tamper(&format!("UPDATE pending SET {broken}")).await;
        assert_eq!(
            code_of(it.verify(&amy(), &hash("email", MAIL), "000000").await),
            code,
            "{broken}"
        );
        it.clock.advance(MINUTE);
        if code == "not_found" {
            it.register(&amy(), "email", MAIL).await.unwrap();
        } else {
            it.resend(&amy(), "email", MAIL).await.unwrap();
        }
        let code = it.codes(Queue::EMAIL).await.pop().unwrap();
        it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
    }
}

#[tokio::test]
async fn a_sign_in_that_does_not_open_is_begun_anew() {
    let it = Fixture::new();
    it.register(&amy(), "octo", "amy").await.unwrap();
    it.tamper("UPDATE pending SET box = x'00'").await;
    let octo = it.register(&amy(), "octo", "amy").await.unwrap();
    let callback = Callback {
        state: octo.goto,
        code: Some("amy".into()),
        ..Callback::default()
    };
    let hash = octo.hash.to_string();
    let signed_in = it.service.finish_sign_in(&hash, callback).await.unwrap();
    it.verify(&amy(), &hash, signed_in.code.as_str()).await.unwrap();
}

#[tokio::test]
async fn messages_go_as_they_were_written_or_not_at_all() {
    for change in [
        "queue = 2",
        "about_mac = randomblob(16)",
        "about_mac = NULL",
        "box = (SELECT box FROM outbox WHERE queue = 2)",
    ] {
        let (it, _) = waiting().await;
        it.tamper(&format!("UPDATE outbox SET {change} WHERE queue = 3")).await;
        let [texts, mails] = [Queue::PHONE, Queue::EMAIL].map(|queue| it.service.due(queue, 10));
        let due = [texts.await.unwrap().0, mails.await.unwrap().0].into_iter().flatten();
        let sent: Vec<_> = due.filter(|due| matches!(due.letter, Opened::Letter(_))).collect();
        assert_eq!(sent.len(), 1, "{change}: the mail alone");
    }
}

#[tokio::test]
async fn requests_are_answered_as_they_were_written_or_not_at_all() {
    for (change, reaches) in [("about_mac = randomblob(16)", false), ("tries = -1", true)] {
        let it = linked().await;
        let request = Fixture::request(&mallory(), &[("phone", MALLORYS)], vec![hash("phone", PHONE)]);
        it.service.contact_native(request).await.unwrap();
        it.tamper(&format!("UPDATE outbox SET {change} WHERE queue = 0")).await;
        it.match_requests().await;
        assert_eq!(!it.introductions().await.is_empty(), reaches, "{change}");
    }
}

#[tokio::test]
async fn a_request_that_has_expired_reaches_nobody() {
    let it = linked().await;
    let request = Fixture::request(&mallory(), &[("phone", MALLORYS)], vec![hash("phone", PHONE)]);
    it.service.contact_native(request).await.unwrap();
    it.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    it.match_requests().await;
    assert!(it.introductions().await.is_empty());
}

#[tokio::test]
async fn tokens_that_are_moved_or_copied_let_nobody_in() {
    for columns in choices(&["token_hash", "owner_mac", "box", "expires_at"]) {
        let it = Fixture::with_tokens();
        let mallorys = it.prove_over_http(&mallory()).await;
        it.clock.advance(Duration::from_secs(25 * 60 * 60));
        it.prove_over_http(&amy()).await;
        let [from, to] = [amy(), mallory()].map(|jid| format!("owner_mac = {}", owner_of(&jid)));
        it.tamper(&copy("tokens", &columns, &from, &to)).await;
        assert!(!it.allows(mallorys.as_ref(), &amy()).await, "{columns:?}");
        let again = it.prove_over_http(&amy()).await;
        assert!(it.allows(again.as_ref(), &amy()).await, "{columns:?}");
    }
}

#[tokio::test]
async fn subscribers_are_who_has_subscribed() {
    let it = Fixture::new();
    for jid in [amy(), mallory()] {
        it.service.subscribe(&jid, OwnAddress::Account).await.unwrap();
    }
    let (from, to) = (owner_of(&amy()), owner_of(&mallory()));
    let [from, to] = [from, to].map(|owner| format!("owner_mac = {owner}"));
    it.tamper(&copy("subscribers", &["box"], &from, &to)).await;
    let page = it.service.subscribers(&mut Pages::default()).await.unwrap();
    assert_eq!(page, Some(vec![(amy(), OwnAddress::Account.into())]));
    it.service.subscribe(&mallory(), OwnAddress::Account).await.unwrap();
    let page = it.service.subscribers(&mut Pages::default()).await.unwrap();
    assert_eq!(page.map(|page| page.len()), Some(2));
}

#[tokio::test]
async fn mutes_that_do_not_open_are_in_nobodys_way() {
    let it = linked().await;
    it.service.mute(&amy(), &[mallory().to_string()]).await.unwrap();
    it.service.mute(&michael(), &[]).await.unwrap();
    // Michael's, who has muted everybody, as if it were Amy's; and hers is broken.
    let moved = format!(
        "UPDATE mutes SET owner_mac = {} WHERE owner_mac = {}",
        owner_of(&amy()),
        owner_of(&michael())
    );
    it.tamper(&format!(
        "UPDATE mutes SET box = x'00' WHERE owner_mac = {}",
        owner_of(&amy())
    ))
    .await;
    it.tamper(&moved).await;
    assert_eq!(it.service.muted(&amy()).await.unwrap(), Muted::default());
    // It still is one: its MAC tells whom it is about.
    it.contact(&mallory(), MALLORYS, vec![hash("phone", PHONE)])
        .await
        .unwrap();
    assert!(it.introductions().await.is_empty());
    it.service.mute(&amy(), &["eve@example.org".to_owned()]).await.unwrap();
    assert_eq!(it.service.muted(&amy()).await.unwrap().jids, ["eve@example.org"]);
    it.service.unmute(&amy(), &[]).await.unwrap();
    assert_eq!(it.reached(PHONE).await, [amy().to_string()]);
}

#[tokio::test]
async fn without_the_former_keys_of_suppressions_codes_are_sent_still() {
    let it = Fixture::new();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    it.tamper("UPDATE meta SET value = x'00' WHERE name = 'suppression_keys_1'")
        .await;
    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
    let suppressed = Recipient::typed(MAIL).unwrap();
    it.service.suppress(suppressed.clone()).await.unwrap();
    it.service.rekey(keys()).await.unwrap();
    assert!(it.service.is_suppressed(suppressed).await.unwrap());
}

#[tokio::test]
async fn counters_out_of_range_keep_nobody_out() {
    let one = "key = x'00' WHERE key = (SELECT key FROM quota ORDER BY resets_at DESC LIMIT 1)";
    for change in ["used = -1", "resets_at = -1", "used = 9000000000", one] {
        let it = Fixture::new();
        it.register(&amy(), "phone", PHONE).await.unwrap();
        it.sent(Queue::PHONE).await;
        it.clock.advance(MINUTE);
        it.tamper(&format!("UPDATE quota SET {change}")).await;
        it.resend(&amy(), "phone", PHONE).await.unwrap();
        assert_eq!(it.codes(Queue::PHONE).await.len(), 1, "{change}");
    }
}
