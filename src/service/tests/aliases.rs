//! Aliases: other forms in which people have what is linked.

use rusqlite::Connection;

use super::*;
use crate::model::Provider;
use crate::service::link::{Aliases, LinkBox};

/// An Argentine mobile as it is dialled from abroad, and as many have it in their address books. Both are numbers of their own by
/// libphonenumber, and each is the other's alias.
const MOBILE: &str = "+5491123456789";
const WITHOUT_9: &str = "+541123456789";
const NOBODY: [BareJid; 0] = [];

fn mallory() -> BareJid {
    jid("mallory@example.net")
}

impl Fixture {
    /// Whose a number is, by `confirm`.
    async fn owners(&self, number: &str) -> Vec<BareJid> {
        let hash = hash("phone", number);
        let mut owners = Vec::new();
        for jid in [amy(), michael(), mallory()] {
            if self.confirms(&jid, &hash).await {
                owners.push(jid);
            }
        }
        owners
    }

    /// Whom Michael reaches by these numbers.
    async fn reached_by(&self, numbers: &[&str]) -> Vec<String> {
        self.sent(Queue::XMPP).await;
        let michael = michael();
        self.register(&michael, "xmpp", michael.as_str()).await.unwrap();
        let hashes = numbers.iter().map(|number| hash("phone", number)).collect();
        let request = Self::request(&michael, &[("xmpp", michael.as_str())], hashes);
        self.service.contact_native(request).await.unwrap();
        self.match_requests().await;
        self.introductions().await.into_iter().map(|(to, _)| to).collect()
    }

    async fn linked(&self, target: &BareJid) -> Vec<String> {
        let links = self.service.links(target).await.unwrap();
        links.iter().map(|link| link.hash.to_string()).collect()
    }

    /// Lets the limits of sending another code pass.
    async fn link_later(&self, target: &BareJid, number: &str) {
        self.clock.advance(MINUTE);
        self.link_phone(target, number).await;
    }

    async fn taken_over(&self) -> Vec<BareJid> {
        let sent = self.sent(Queue::XMPP).await;
        let taken_over = sent.into_iter().filter_map(|message| match message {
            Message::TakenOver { to, .. } => Some(to),
            _ => None,
        });
        taken_over.collect()
    }
}

/// Links a number to Amy without its other forms, as before they were known.
async fn link_alone(it: &Fixture, hash: Hash) {
    let linked = LinkBox {
        target: amy(),
        hash,
        language: it.service.language(),
        alias_of: None,
    };
    let link = it
        .service
        .change(move |core, tx| core.link(tx, &linked, &Aliases::default(), &Provider::Phone));
    link.await.unwrap();
}

#[tokio::test]
async fn an_alias_finds_and_is_confirmed_and_does_not_show_among_the_links() {
    for (proven, alias) in [(MOBILE, WITHOUT_9), (WITHOUT_9, MOBILE)] {
        let it = Fixture::new();
        it.register(&amy(), "phone", proven).await.unwrap();
        assert_eq!(it.owners(alias).await, NOBODY, "not before the code");
        let code = it.codes(Queue::PHONE).await.pop().unwrap();
        it.verify(&amy(), &hash("phone", proven), &code).await.unwrap();
        assert_eq!(it.owners(alias).await, [amy()]);
        assert_eq!(it.linked(&amy()).await, [own_hash(&amy()), hash("phone", proven)]);
        assert_eq!(it.reached_by(&[alias]).await, [amy().to_string()]);
        // Who gives an alias among the own details gives something that is theirs.
        it.contact(&amy(), alias, vec![own_hash(&michael())]).await.unwrap();
        assert_eq!(it.introductions().await.len(), 1);
    }
}

#[tokio::test]
async fn a_mailbox_is_found_by_both_domains_of_its_provider() {
    let it = Fixture::new();
    let (proven, alias) = ("amy.of.example@googlemail.com", "amy.of.example@gmail.com");
    it.register(&amy(), "email", proven).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify_http(&hash("email", proven), &code).await.unwrap();
    assert!(it.confirms(&amy(), &hash("email", alias)).await);
}

#[tokio::test]
async fn whoever_is_known_by_both_forms_is_introduced_once() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    assert_eq!(it.reached_by(&[WITHOUT_9, MOBILE]).await.len(), 1);
    assert_eq!(it.reached_by(&[MOBILE]).await.len(), 0, "once a day");
    assert_eq!(it.reached_by(&[WITHOUT_9]).await.len(), 0, "once a day");
}

#[tokio::test]
async fn who_proves_an_alias_has_it_and_the_other_keeps_the_link() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.link_later(&mallory(), WITHOUT_9).await;
    assert_eq!(it.owners(MOBILE).await, [amy()]);
    assert_eq!(it.owners(WITHOUT_9).await, [mallory()]);
    assert_eq!(it.taken_over().await, NOBODY, "nobody has lost what they have proven");
    // Neither proving once more nor forgetting changes that.
    it.link_later(&amy(), MOBILE).await;
    assert_eq!(it.owners(WITHOUT_9).await, [mallory()]);
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert_eq!(it.owners(WITHOUT_9).await, [mallory()]);
    assert_eq!(it.owners(MOBILE).await, NOBODY);
}

#[tokio::test]
async fn an_alias_takes_nothing_from_whoever_has_proven_it() {
    let it = Fixture::new();
    it.link_phone(&amy(), WITHOUT_9).await;
    it.link_later(&mallory(), MOBILE).await;
    assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
    // The alias that Amy's link had gave way.
    assert_eq!(it.owners(MOBILE).await, [mallory()]);
    assert_eq!(it.taken_over().await, NOBODY);
    it.service
        .forget_native(&mallory(), &[hash("phone", MOBILE)])
        .await
        .unwrap();
    assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
}

#[tokio::test]
async fn an_alias_moves_with_its_link() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.link_later(&mallory(), MOBILE).await;
    for number in [MOBILE, WITHOUT_9] {
        assert_eq!(it.owners(number).await, [mallory()]);
        assert_eq!(it.reached_by(&[number]).await.len(), usize::from(number == MOBILE));
    }
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert_eq!(it.owners(WITHOUT_9).await, [mallory()]);
}

#[tokio::test]
async fn whose_link_is_taken_over_is_told_once() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.link_later(&mallory(), MOBILE).await;
    assert_eq!(it.taken_over().await, [amy()]);
}

#[tokio::test]
async fn link_and_alias_are_forgotten_together() {
    for named in [&[MOBILE][..], &[WITHOUT_9], &[WITHOUT_9, MOBILE], &[]] {
        let it = Fixture::new();
        it.link_phone(&amy(), MOBILE).await;
        let hashes: Vec<String> = named.iter().map(|number| hash("phone", number)).collect();
        assert_eq!(it.service.forget_native(&mallory(), &hashes).await.unwrap(), 0);
        assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
        let gone = it.service.forget_native(&amy(), &hashes).await.unwrap();
        assert_eq!(gone, if named.is_empty() { 2 } else { 1 });
        assert_eq!(it.owners(MOBILE).await, NOBODY);
        assert_eq!(it.owners(WITHOUT_9).await, NOBODY);
        let database = Connection::open(it._folder.path().join("test.db")).unwrap();
        let left: u32 = database
            .query_row("SELECT count(*) FROM links WHERE alias_of_mac IS NOT NULL", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn an_alias_is_not_proven() {
    let it = Fixture::with(|settings| settings.limits.links_per_jid = 2);
    it.link_phone(&amy(), MOBILE).await;
    it.link_later(&amy(), PHONE).await;
    // Aliases take no room; but to prove one takes room and a code, as anything else.
    it.clock.advance(MINUTE);
    assert_eq!(
        code_of(it.register(&amy(), "phone", WITHOUT_9).await),
        "too_many_requested"
    );
    it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();
    assert_eq!(
        it.register(&amy(), "phone", WITHOUT_9).await.unwrap().status,
        Status::Pending
    );
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    it.verify(&amy(), &hash("phone", WITHOUT_9), &code).await.unwrap();
    assert_eq!(it.linked(&amy()).await.len(), 3);
    // Each is a link now, and goes alone.
    it.service
        .forget_native(&amy(), &[hash("phone", WITHOUT_9)])
        .await
        .unwrap();
    assert_eq!(it.owners(MOBILE).await, [amy()]);
    assert_eq!(it.owners(WITHOUT_9).await, NOBODY);
}

#[tokio::test]
async fn aliases_go_along_to_another_key() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.clock.advance(MINUTE);
    it.register(&michael(), "email", "michael.of.example@gmail.com")
        .await
        .unwrap();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
    assert_eq!(it.reached_by(&[WITHOUT_9]).await, [amy().to_string()]);
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&michael(), &hash("email", "michael.of.example@gmail.com"), &code)
        .await
        .unwrap();
    assert!(
        it.confirms(&michael(), &hash("email", "michael.of.example@googlemail.com"))
            .await
    );
    it.service
        .forget_native(&amy(), &[hash("phone", WITHOUT_9)])
        .await
        .unwrap();
    assert_eq!(it.owners(MOBILE).await, NOBODY);
}

#[tokio::test]
async fn whoever_writes_the_database_makes_no_link_of_an_alias() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.tamper("UPDATE links SET alias_of_mac = NULL").await;
    assert_eq!(it.linked(&amy()).await, [own_hash(&amy()), hash("phone", MOBILE)]);
    assert_eq!(it.reached_by(&[WITHOUT_9]).await.len(), 0);
    it.link_later(&amy(), WITHOUT_9).await;
    assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
}

/// A number of before its country's renumbering, and that of today.
const FORMER: &str = "+5215512345678";
const CURRENT: &str = "+525512345678";

#[tokio::test]
async fn a_form_that_nobody_can_prove_any_more_goes_along_with_its_number() {
    let it = Fixture::new();
    let former = Hash::of("phone", FORMER);
    // As with a table of before the renumbering.
    link_alone(&it, former).await;
    assert!(it.confirms(&amy(), &former.to_string()).await);
    it.link_phone(&mallory(), CURRENT).await;
    assert!(it.confirms(&mallory(), &former.to_string()).await);
    assert!(!it.confirms(&amy(), &former.to_string()).await);
    assert_eq!(it.taken_over().await, [amy()]);
    assert_eq!(it.linked(&amy()).await, [""; 0]);
    assert_eq!(
        it.linked(&mallory()).await,
        [own_hash(&mallory()), hash("phone", CURRENT)]
    );
}

#[tokio::test]
async fn what_is_left_of_an_alias_is_in_nobodys_way() {
    for damage in [
        "DELETE FROM links WHERE alias_of_mac IS NULL",
        "UPDATE links SET owner_mac = zeroblob(16) WHERE alias_of_mac IS NOT NULL",
        "UPDATE links SET alias_of_mac = zeroblob(16) WHERE alias_of_mac IS NOT NULL",
        "UPDATE links SET alias_of_mac = NULL WHERE alias_of_mac IS NOT NULL",
        "UPDATE links SET box = zeroblob(200)",
    ] {
        for next in [amy(), mallory()] {
            let it = Fixture::new();
            it.link_phone(&amy(), MOBILE).await;
            it.tamper(damage).await;
            it.link_later(&next, MOBILE).await;
            assert_eq!(it.owners(WITHOUT_9).await, std::slice::from_ref(&next), "{damage}");
            assert_eq!(it.reached_by(&[WITHOUT_9]).await, [next.to_string()], "{damage}");
        }
    }
}

#[tokio::test]
async fn an_alias_that_has_lost_its_link_is_forgotten() {
    for named in [MOBILE, WITHOUT_9] {
        let it = Fixture::new();
        it.link_phone(&amy(), MOBILE).await;
        it.tamper("DELETE FROM links WHERE alias_of_mac IS NULL").await;
        it.service.forget_native(&amy(), &[hash("phone", named)]).await.unwrap();
        assert_eq!(it.owners(WITHOUT_9).await, NOBODY);
    }
}

#[tokio::test]
async fn a_registration_that_waits_is_forgotten_by_an_alias_of_its_link() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.clock.advance(MINUTE);
    let waits = it.service.register_http(&amy(), "phone", WITHOUT_9, false, None).await;
    assert_eq!(waits.unwrap().status, Status::Pending);
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    let gone = it.service.forget_native(&amy(), &[hash("phone", WITHOUT_9)]).await;
    assert_eq!(gone.unwrap(), 2);
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", WITHOUT_9), &code).await),
        "not_found"
    );
}

#[tokio::test]
async fn a_link_without_aliases_gets_them_when_it_is_registered_again() {
    for natively in [true, false] {
        let it = Fixture::new();
        it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
        link_alone(&it, Hash::of("phone", MOBILE)).await;
        assert_eq!(it.owners(WITHOUT_9).await, NOBODY);
        let register = async || match natively {
            true => it.register(&amy(), "phone", MOBILE).await.unwrap(),
            false => {
                let asked = it.service.register_http(&amy(), "phone", MOBILE, false, None).await;
                asked.unwrap()
            }
        };
        assert_eq!(register().await.status, Status::Confirmed);
        assert_eq!(it.owners(WITHOUT_9).await, [amy()]);
        assert_eq!(it.linked(&amy()).await, [own_hash(&amy()), hash("phone", MOBILE)]);
    }
}

#[tokio::test]
async fn a_link_that_lacks_nothing_is_not_written_again() {
    let it = Fixture::new();
    it.link_phone(&amy(), MOBILE).await;
    it.link_later(&michael(), PHONE).await;
    // An alias that another JID has proven is missing for good.
    let (proven, alias) = ("amy.of.example@gmail.com", "amy.of.example@googlemail.com");
    for (target, id) in [(amy(), proven), (mallory(), alias)] {
        it.clock.advance(MINUTE);
        it.register(&target, "email", id).await.unwrap();
        let code = it.codes(Queue::EMAIL).await.pop().unwrap();
        it.verify(&target, &hash("email", id), &code).await.unwrap();
    }
    let database = Connection::open(it._folder.path().join("test.db")).unwrap();
    let version = || {
        database
            .pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let before = version();
    for (target, provider, id) in [
        (amy(), "phone", MOBILE),
        (michael(), "phone", PHONE),
        (amy(), "email", proven),
    ] {
        let asked = it.service.register_http(&target, provider, id, false, None).await;
        assert_eq!(asked.unwrap().status, Status::Confirmed);
    }
    assert_eq!(version(), before);
    assert!(it.confirms(&mallory(), &hash("email", alias)).await);
}
