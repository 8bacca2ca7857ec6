//! Another key: nothing is lost, whatever happens meanwhile and whenever it ends.

mod lasting;
mod requests;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::store::sqlite::SqliteStore;
use crate::store::{Counts, Database};

fn keys(byte: u8) -> Keys {
    Keys::new(&zeroize::Zeroizing::new([byte; 32]))
}

fn person(number: usize) -> BareJid {
    jid(&format!("person{number}@example.org"))
}

async fn link_itself(service: &Service, jid: &BareJid) {
    service.register_native(jid, "xmpp", jid.as_str(), false).await.unwrap();
}

async fn is_linked(service: &Service, jid: &BareJid) -> bool {
    service.confirm(jid.as_str(), &[own_hash(jid)]).await.unwrap()
}

/// What there is, but for counters, of which most begin anew, owners, some of whom count twice meanwhile, and what all of it takes.
async fn tables(service: &Service) -> Counts {
    Counts {
        counters: 0,
        owners: 0,
        bytes: 0,
        ..service.statistics().await.unwrap().counts
    }
}

/// When it is done, and at any moment before: then, some rows are under the former key and some under the new one.
#[tokio::test]
async fn everything_goes_on() {
    for steps in [
        None,
        Some(0),
        Some(1),
        Some(2),
        Some(3),
        Some(4),
        Some(6),
        Some(8),
        Some(10),
    ] {
        println!("after {steps:?} steps");
        everything_goes_on_after(steps).await;
    }
}

async fn everything_goes_on_after(steps: Option<usize>) {
    let it = Fixture::new();
    let octo = fill(&it).await;
    let links = it.service.links(&amy()).await.unwrap();
    let before = tables(&it.service).await;
    match steps {
        Some(steps) => it.service.begin(keys(8), steps).await,
        None => assert_eq!(it.service.rekey(keys(8)).await.unwrap().lost, 0),
    }
    assert_eq!(tables(&it.service).await, before);
    assert_eq!(it.service.links(&amy()).await.unwrap(), links);
    all_is_there(&it, octo).await;
    all_can_go(&it).await;
}

/// Has something of everything waiting. Returns a sign-in of Amy's that has begun.
async fn fill(it: &Fixture) -> Registered {
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    for number in 0..10 {
        link_itself(&it.service, &person(number)).await;
    }
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    it.service.mute(&amy(), &[person(1).to_string()]).await.unwrap();
    it.service.mute(&person(2), &[]).await.unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let octo = it.register(&amy(), "octo", "amy").await.unwrap();
    for (from, to) in [
        (michael(), person(3)),
        (michael(), amy()),
        (person(1), amy()),
        (michael(), person(2)),
    ] {
        let request = Fixture::request(&from, &[("xmpp", from.as_str())], vec![own_hash(&to)]);
        it.service.contact_native(request).await.unwrap();
        if to == person(3) {
            it.match_requests().await;
        }
    }
    octo
}

async fn all_is_there(it: &Fixture, octo: Registered) {
    assert_eq!(it.service.muted(&amy()).await.unwrap().jids, [person(1).to_string()]);
    for jid in (0..10).map(person).chain([amy(), michael()]) {
        assert!(is_linked(&it.service, &jid).await, "{jid}");
    }
    assert!(it.service.is_subscriber(&amy()).await.unwrap());
    it.match_requests().await;
    let pair = |from: &BareJid, to: &BareJid| (to.to_string(), from.to_string());
    let expected = [pair(&michael(), &person(3)), pair(&michael(), &amy())];
    assert_eq!(it.introductions().await, expected);
    // The code that was sent before is right, and counts as sent.
    assert_eq!(code_of(it.resend(&amy(), "email", MAIL).await), "request_limit_reached");
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    assert_eq!(
        code_of(it.verify(&amy(), &hash("email", MAIL), &wrong(&code)).await),
        "faulty_code"
    );
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
    let state = octo.goto.unwrap();
    let callback = Callback {
        state: Some(state),
        code: Some("amy".into()),
        ..Callback::default()
    };
    it.service
        .finish_sign_in(&octo.hash.to_string(), callback)
        .await
        .unwrap();
}

async fn all_can_go(it: &Fixture) {
    it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert!(!it.service.is_subscriber(&amy()).await.unwrap());
    it.service.unmute(&amy(), &[]).await.unwrap();
    it.service.forget_native(&person(4), &[]).await.unwrap();
    it.service
        .forget_native(&michael(), &[hash("phone", "+447700900456").to_string()])
        .await
        .unwrap();
    let now = tables(&it.service).await;
    assert_eq!(it.service.rekey(keys(8)).await.unwrap().lost, 0);
    assert_eq!(tables(&it.service).await, now);
    assert!(it.service.muted(&amy()).await.unwrap().jids.is_empty());
    assert!(!is_linked(&it.service, &person(4)).await);
    assert!(is_linked(&it.service, &michael()).await);
    assert_eq!(it.service.links(&michael()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_claimed_before_is_sent() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let service = &it.service;
    let claimed = service.store.claim(Queue::PHONE, 9, service.lease()).await.unwrap();
    service.rekey(keys(8)).await.unwrap();
    let opened = service.ask(move |core, tx| core.open_claimed(tx, Queue::PHONE, &claimed.rows));
    assert!(matches!(
        opened.await.unwrap()[..],
        [Due {
            letter: Opened::Letter(_),
            ..
        }]
    ));
}

#[tokio::test]
async fn guesses_at_a_code_that_waits_go_on_being_counted() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let hash = hash("phone", PHONE);
    let mut refused = None;
    let no = wrong(&it.codes(Queue::PHONE).await[0]);
    for byte in 8..30 {
        if let Err(error) = it.service.verify_http(&hash, Meant::Any, Some(&no)).await {
            refused = Some(error);
        }
        it.service.rekey(keys(byte)).await.unwrap();
    }
    assert!(matches!(refused, Some(Error::NothingWaits)));
    // They neither lock out the target itself nor come back with another code.
    it.clock.advance(MINUTE);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
    let no = wrong(&it.codes(Queue::PHONE).await[0]);
    for _ in 0..5 {
        assert_eq!(code_of(it.verify_http(&hash, &no).await), "faulty_code");
    }
    it.service.rekey(keys(30)).await.unwrap();
    it.clock.advance(MINUTE);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(
        code_of(it.verify_http(&hash, &wrong(&code)).await),
        "request_limit_reached"
    );
    it.verify(&amy(), &hash, &code).await.unwrap();
}

#[tokio::test]
async fn who_is_not_to_be_written_to_never_is() {
    let it = Fixture::new();
    let typed = |text| Recipient::typed(text).unwrap();
    it.service.suppress(typed(PHONE)).await.unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let stop = it.letters(Queue::EMAIL).await.pop().unwrap().stop;
    let reader = Recipient::Reader(stop.unwrap());
    for byte in 8..11 {
        it.service.rekey(keys(byte)).await.unwrap();
        assert!(it.service.is_suppressed(typed(PHONE)).await.unwrap());
        assert!(!it.service.is_suppressed(typed(MAIL)).await.unwrap());
        // The link in the mail of long ago.
        it.service.suppress(reader.clone()).await.unwrap();
        assert!(it.service.is_suppressed(typed(MAIL)).await.unwrap());
        assert!(it.service.unsuppress(reader.clone()).await.unwrap());
    }
    assert!(it.service.unsuppress(typed(PHONE)).await.unwrap());
    // Not for ever: the key may have been seen, and who has it can make such a link for everybody.
    it.clock.advance(31 * 24 * 60 * MINUTE);
    assert_eq!(code_of(it.service.suppress(reader).await), "not_found");
    assert!(!it.service.is_suppressed(typed(MAIL)).await.unwrap());
}

#[tokio::test]
async fn tokens_are_good_under_another_key() {
    let it = Fixture::with_tokens();
    let token = it.prove_over_http(&amy()).await;
    it.service.rekey(keys(8)).await.unwrap();
    assert!(it.allows(token.as_ref(), &amy()).await);
    assert!(!it.allows(token.as_ref(), &michael()).await);
}

#[tokio::test]
async fn the_database_belongs_to_the_new_key_alone() {
    let it = Fixture::new();
    link_itself(&it.service, &amy()).await;
    it.service.rekey(keys(8)).await.unwrap();
    let folder = it._folder.path().join("test.db");
    assert_eq!(SqliteStore::rekeyed(&folder).unwrap(), None);
    assert!(SqliteStore::made_with(&folder).unwrap().unwrap().former.is_none());
    assert!(SqliteStore::check(&folder, keys(8).check()).is_ok());
    assert!(SqliteStore::check(&folder, keys(7).check()).is_err());
    assert!(is_linked(&it.service, &amy()).await);
}

#[tokio::test]
async fn what_a_change_of_the_key_has_left_is_not_in_the_way_of_the_next() {
    let it = Fixture::new();
    link_itself(&it.service, &amy()).await;
    for key in [8, 9] {
        it.service.rekey(keys(key)).await.unwrap();
    }
    assert!(is_linked(&it.service, &amy()).await);
}

/// People come and go while the key is changed over and over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_meanwhile_counts() {
    const PEOPLE: usize = 40;
    let it = Fixture::new();
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut linked = [false; PEOPLE];
    let service = it.service.clone();
    let rekeying = tokio::spawn(async move {
        for byte in 100..108 {
            service.rekey(keys(byte)).await.unwrap();
        }
    });
    while !rekeying.is_finished() {
        let number = rng.random_range(0..PEOPLE);
        let jid = person(number);
        if rng.random_bool(0.7) {
            link_itself(&it.service, &jid).await;
            linked[number] = true;
        } else {
            it.service.forget_native(&jid, &[]).await.unwrap();
            linked[number] = false;
        }
        assert_eq!(is_linked(&it.service, &jid).await, linked[number], "{jid}, seed {seed}");
    }
    rekeying.await.unwrap();
    for (number, linked) in linked.iter().enumerate() {
        let jid = person(number);
        assert_eq!(is_linked(&it.service, &jid).await, *linked, "{jid}, seed {seed}");
        let links = it.service.links(&jid).await.unwrap();
        assert_eq!(links.len(), usize::from(*linked), "{jid}, seed {seed}");
    }
}

/// It may end between any two of its transactions, and be gone on with, or begun with yet another key.
#[tokio::test]
async fn whenever_it_ends_nothing_is_lost() {
    for steps in 0..8 {
        for next in [8, 9] {
            let it = Fixture::new();
            for number in 0..10 {
                link_itself(&it.service, &person(number)).await;
            }
            it.service.begin(keys(8), steps).await;
            it.service.forget_native(&person(0), &[]).await.unwrap();
            it.service.forget_native(&person(9), &[]).await.unwrap();
            let Fixture {
                service,
                clock,
                _folder,
            } = it;
            let settings = Settings::clone(&service.settings());
            drop(service);
            let path = _folder.path().join("test.db");
            let keyring = crate::rekey::keyring_of(&Database::Sqlite(path.clone()), &keys(7), Some(&keys(8))).unwrap();
            let store = SqliteStore::open(&path, keyring.current.check()).unwrap();
            let service = Service::new(Store::new(store), keyring, clock, settings, SignIns::new());
            for number in 1..9 {
                assert!(is_linked(&service, &person(number)).await, "{number} after {steps}");
            }
            link_itself(&service, &person(9)).await;
            service.rekey(keys(next)).await.unwrap();
            for number in 1..10 {
                assert!(is_linked(&service, &person(number)).await, "{number} after {steps}");
            }
            assert!(!is_linked(&service, &person(0)).await, "after {steps}");
            assert!(SqliteStore::check(&path, keys(next).check()).is_ok());
        }
    }
}

impl Service {
    /// The first steps of a change of the key.
    pub(super) async fn begin(&self, next: Keys, steps: usize) {
        assert!(self.begin_change(next).await.unwrap());
        for _ in 0..steps {
            self.renew_some().await.unwrap();
        }
    }
}
