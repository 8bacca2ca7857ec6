//! A server that means ill, with as many JIDs and subdomains as it likes, and clients over HTTP with as many addresses: what they
//! can make the database grow by.

mod subscribers;

use super::*;
use crate::store::{Counts, Window};

const MIB: u64 = 1024 * 1024;
/// What one server may do in a day, whatever it does.
const A_DAY: u64 = 4 * MIB;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Accounts that a server has from before.
const ACCOUNTS: usize = 30;

/// The longest localpart.
fn long(number: usize) -> String {
    format!("{number:04}{}", "x".repeat(1000))
}

/// An account of that server, in a domain of its own.
fn evil(number: usize) -> BareJid {
    jid(&format!("u{number}@sub{number}.evil.example"))
}

async fn link_itself(it: &Fixture, jid: &BareJid) -> Result<()> {
    let registered = it.service.register_native(jid, "xmpp", jid.as_str(), false).await;
    registered.map(drop)
}

async fn counts(it: &Fixture) -> Counts {
    it.service.store().settle().await.unwrap();
    it.service.statistics().await.unwrap().counts
}

/// Has `act` done with ever larger numbers until it is refused, and tells by how much the database has grown.
async fn growth_by(it: &Fixture, act: impl AsyncFn(usize) -> Result<()>) -> u64 {
    let before = counts(it).await.bytes;
    let mut done = 0;
    while act(done).await.is_ok() {
        done += 1;
        assert!(done < 100_000, "nothing ends it");
    }
    let grown = counts(it).await.bytes - before;
    println!("done {done} times, {} KiB", grown / 1024);
    assert!(done > 0);
    grown
}

/// With accounts of a server that does not keep JIDs short.
async fn fixture(change: impl FnOnce(&mut Settings)) -> Fixture {
    let it = Fixture::with(|settings| {
        settings.limits.resend_after = Duration::ZERO;
        change(settings);
    });
    for number in 0..ACCOUNTS {
        link_itself(&it, &evil(number)).await.unwrap();
    }
    it
}

#[tokio::test]
async fn a_server_can_mute_so_much_a_day_and_no_others_suffer() {
    let it = fixture(|_| {}).await;
    let mute = async |sender: BareJid, at: usize| {
        let muted = (0..10).map(|n| format!("{}@{}.example", long(at * 10 + n), "y".repeat(50)));
        it.service.mute(&sender, &muted.collect::<Vec<_>>()).await
    };
    let grown = growth_by(&it, async |at| {
        mute(jid(&format!("u{at}@s{at}.evil.example")), at).await
    })
    .await;
    assert!((MIB..A_DAY).contains(&grown), "{grown}");
    for sender in ["amy@example.net", "amy@example.org"] {
        mute(jid(sender), 0).await.unwrap();
    }
    // What nobody has a link for does not stay.
    let there = counts(&it).await.mutes;
    link_itself(&it, &jid("amy@example.net")).await.unwrap();
    it.clock.advance(31 * DAY);
    it.service.purge().await.unwrap();
    assert!(there > 500, "{there}");
    assert_eq!(counts(&it).await.mutes, 10);
    mute(evil(0), 0).await.unwrap();
}

#[tokio::test]
async fn somebody_can_mute_a_thousand_ordinary_jids_and_fewer_long_ones() {
    let it = fixture(|_| {}).await;
    let mute = async |sender: &str, name: &dyn Fn(usize) -> String, at: usize| {
        let muted = (0..100).map(|n| format!("{}@{}.example", name(at * 100 + n), "y".repeat(50)));
        it.service.mute(&jid(sender), &muted.collect::<Vec<_>>()).await
    };
    for at in 0..10 {
        mute("amy@example.org", &|n| format!("somebody{n}"), at).await.unwrap();
    }
    let more = mute("amy@example.org", &|n| format!("somebody{n}"), 10).await;
    assert_eq!(code_of(more), "too_many_requested");
    let mut accepted = 0;
    while mute("michael@example.org", &long, accepted).await.is_ok() {
        accepted += 1;
    }
    assert!((1..5).contains(&accepted), "{accepted}");
}

#[tokio::test]
async fn a_server_can_ask_for_so_many_codes_and_sign_ins_a_day() {
    for (provider, domain) in [
        ("xmpp", "evil.example"),
        // Its id is spelled otherwise.
        ("xmpp", "xn--bcher-kva.example"),
        ("octo", ""),
    ] {
        const AT_ONCE: usize = 15;
        let it = fixture(|settings| settings.limits.codes_per_target_per_day = 1000).await;
        let grown = growth_by(&it, async |at| {
            let id = match provider {
                "xmpp" => format!("{}@{domain}", long(at)),
                _ => format!("{at}"),
            };
            it.register(&evil(at / AT_ONCE % ACCOUNTS), provider, &id)
                .await
                .map(drop)
        })
        .await;
        assert!((MIB / 2..A_DAY).contains(&grown), "{provider} {domain}: {grown}");
        for sender in ["amy@example.net", "amy@example.org"] {
            it.register(&jid(sender), "phone", PHONE).await.unwrap();
            it.clock.advance(MINUTE);
        }
        it.clock.advance(DAY);
        it.register(&evil(0), "phone", "+447700900124").await.unwrap();
    }
}

#[tokio::test]
async fn other_forms_of_numbers_count_for_the_server() {
    // Around where the other forms make a registration need a page more. With a space, there is a spelling as well.
    for (length, space) in [(10, ""), (60, ""), (100, ""), (10, " "), (60, " "), (100, " ")] {
        let it = fixture(|_| {}).await;
        let grown = growth_by(&it, async |at| {
            let target = jid(&format!("{}{:04}@evil.example", "x".repeat(length), at / 20));
            let number = format!("+5255{space}{:08}", 10_000_000 + at);
            it.register(&target, "phone", &number).await.map(drop)
        })
        .await;
        assert!((MIB / 2..A_DAY).contains(&grown), "{length}{space}: {grown}");
    }
}

/// Asks for contact in every way that a server can, and tells how often that was accepted.
async fn asked(it: &Fixture, contacts: &[String]) -> usize {
    let mut accepted = 0;
    loop {
        let from = evil(accepted % ACCOUNTS);
        let request = Fixture::request(&from, &[("xmpp", from.as_str())], contacts.to_vec());
        match it.service.contact_native(request).await {
            Ok(()) => accepted += 1,
            Err(error) => {
                assert_eq!(code_of::<()>(Err(error)), "request_limit_reached");
                return accepted;
            }
        }
    }
}

#[tokio::test]
async fn a_server_can_ask_for_so_many_contacts_a_day_whoever_is_known() {
    let known: Vec<BareJid> = (0..100).map(|n| jid(&format!("k{n}@evil.example"))).collect();
    let mut accepted = Vec::new();
    for known_are in [known.as_slice(), &[]] {
        let it = fixture(|_| {}).await;
        for jid in known_are {
            link_itself(&it, jid).await.unwrap();
        }
        let hashes: Vec<String> = known.iter().map(own_hash).collect();
        let before = counts(&it).await.bytes;
        accepted.push(asked(&it, &hashes).await);
        // Nobody takes what is sent: it all comes back, and waits on.
        let mut requests = 1;
        for _ in 0..50 {
            it.match_some().await;
            it.come_back().await;
            requests = it.waiting().await.0;
            if requests == 0 {
                break;
            }
        }
        assert_eq!(requests, 0);
        let waiting = it.waiting().await.1;
        let grown = counts(&it).await.bytes - before;
        println!(
            "{} requests, {waiting} messages wait, {} KiB",
            accepted[0],
            grown / 1024
        );
        assert!(grown < A_DAY, "{grown}");
        // The own server's people are asked for, and ask, as ever.
        link_itself(&it, &amy()).await.unwrap();
        let request = Fixture::request(&amy(), &[("xmpp", amy().as_str())], hashes);
        it.service.contact_native(request).await.unwrap();
    }
    assert_eq!(accepted[0], accepted[1]);
    assert!((100..300).contains(&accepted[0]), "{accepted:?}");
}

impl Fixture {
    /// Lets the worker look up the hashes of whatever waits.
    async fn match_some(&self) {
        self.clock.advance(Duration::from_secs(10));
        let due = self.service.due(Queue::REQUESTS, 100).await.unwrap().0;
        self.service
            .introduce(due.iter().map(|due| due.row.clone()).collect())
            .await;
    }

    /// Has every message by XMPP that waits sent, and given back.
    async fn come_back(&self) {
        let due = self.service.due(Queue::XMPP, 100_000).await.unwrap().0;
        let now = self.clock.now();
        let tried = self.service.store().write(move |tx| {
            let each = |due: &Due| (0..2).try_for_each(|_| tx.retry(due.row.id, now));
            due.iter().try_for_each(each)
        });
        tried.await.unwrap();
    }
}

#[tokio::test]
async fn introductions_that_nobody_takes_make_room_for_others_and_are_not_lost_before() {
    let it = fixture(|_| {}).await;
    let known: Vec<BareJid> = (0..100).map(|n| jid(&format!("k{n}@evil.example"))).collect();
    for jid in &known {
        link_itself(&it, jid).await.unwrap();
    }
    let hashes: Vec<String> = known.iter().map(own_hash).collect();
    let ask = async |number: usize| {
        let from = evil(number);
        let request = Fixture::request(&from, &[("xmpp", from.as_str())], hashes.clone());
        it.service.contact_native(request).await.unwrap();
    };
    // Before they were tried, those that are too many wait as requests.
    for number in 0..ACCOUNTS {
        ask(number).await;
    }
    for _ in 0..3 {
        it.match_some().await;
    }
    it.clock.advance(MINUTE);
    let (requests, introductions) = it.waiting().await;
    assert!(requests > 0 && introductions > 500, "{requests}, {introductions}");
    assert_eq!(requests * 100 + introductions, 100 * ACCOUNTS);
    it.come_back().await;
    for _ in 0..3 {
        it.match_some().await;
        it.come_back().await;
    }
    let (requests, introductions) = it.waiting().await;
    assert_eq!(requests, 0);
    assert!((500..=2100).contains(&introductions), "{introductions}");
}

impl Fixture {
    async fn waiting(&self) -> (usize, usize) {
        let requests = self.service.due(Queue::REQUESTS, 100_000).await.unwrap().0.len();
        (requests, self.service.due(Queue::XMPP, 100_000).await.unwrap().0.len())
    }
}

#[tokio::test]
async fn details_that_nobody_could_read_are_too_much() {
    let it = fixture(|_| {}).await;
    let details: Vec<BareJid> = (0..9).map(|n| jid(&format!("{}@evil.example", long(n)))).collect();
    for detail in &details {
        it.register(&evil(0), "xmpp", detail.as_str()).await.unwrap();
        let code = it.codes(Queue::XMPP).await.pop().unwrap();
        it.verify(&evil(0), &own_hash(detail), &code).await.unwrap();
    }
    let ask = async |details: &[BareJid]| {
        let details: Vec<_> = details.iter().map(|jid| ("xmpp", jid.as_str())).collect();
        let request = Fixture::request(&evil(0), &details, vec![own_hash(&amy())]);
        it.service.contact_native(request).await
    };
    assert_eq!(code_of(ask(&details).await), "too_many_requested");
    ask(&details[..8]).await.unwrap();
}

#[tokio::test]
async fn clients_over_http_can_write_so_much_a_day() {
    let it = fixture(|_| {}).await;
    let register = async |target: BareJid, address: &str| {
        let service = it.service.asked_from(address.parse().unwrap());
        service
            .register_http(&target, "xmpp", target.as_str(), false, None)
            .await
            .map(drop)
    };
    // Of one network, in the names of however many servers.
    let grown = growth_by(&it, async |at| {
        register(
            jid(&format!("{}@server{at}.example", long(at))),
            &format!("2001:db8:1:{:x}::1", at / 40),
        )
        .await
    })
    .await;
    assert!(grown < A_DAY, "{grown}");
    register(jid("amy@server1.example"), "2001:db8:2::1").await.unwrap();
    // In the names of one server, from however many networks: natively, its people are served.
    let grown = growth_by(&it, async |at| {
        register(
            jid(&format!("{}@victim.example", long(at))),
            &format!("2001:db9:{at:x}::1"),
        )
        .await
    })
    .await;
    assert!(grown < A_DAY, "{grown}");
    let victim = jid("amy@victim.example");
    it.register(&victim, "phone", PHONE).await.unwrap();
    register(amy(), "2001:db8:7777::1").await.unwrap();
}

#[tokio::test]
async fn all_servers_of_others_together_have_ten_times_what_one_has() {
    let it = fixture(|settings| {
        settings.limits.bytes_per_server_per_day = 10_000;
        settings.limits.new_jids_per_day = 50;
    })
    .await;
    let mute = async |sender: &str| it.service.mute(&jid(sender), &["eve@example.com".into()]).await;
    let (mut mutes, mut servers) = (0, 0);
    while mute(&format!("u{mutes}@s{servers}.example")).await.is_ok() {
        while mute(&format!("u{mutes}@s{servers}.example")).await.is_ok() {
            mutes += 1;
        }
        servers += 1;
    }
    assert!((9..=11).contains(&servers), "{servers}");
    mute("amy@example.org").await.unwrap();

    let it = fixture(|settings| settings.limits.new_jids_per_day = 50).await;
    let mut new = 0;
    while link_itself(&it, &jid(&format!("amy@s{new}.example"))).await.is_ok() {
        new += 1;
    }
    assert_eq!(new + ACCOUNTS, 500);
    link_itself(&it, &amy()).await.unwrap();
}

#[tokio::test]
async fn a_long_jid_counts_as_several() {
    let it = fixture(|settings| settings.limits.new_jids_per_day = ACCOUNTS as u32 + 10).await;
    let long = |n: usize| jid(&format!("{}@evil.example", long(n)));
    for number in 0..2 {
        link_itself(&it, &long(number)).await.unwrap();
    }
    assert_eq!(code_of(link_itself(&it, &long(2)).await), "request_limit_reached");
    link_itself(&it, &jid("short@evil.example")).await.unwrap();
}

#[tokio::test]
async fn guests_on_a_host_below_the_own_domain_are_not_the_own_people() {
    let it = Fixture::with(|settings| settings.limits.new_jids_per_day = 5);
    let mut guests = 0;
    while link_itself(&it, &jid(&format!("guest{guests}@anon.example.org")))
        .await
        .is_ok()
    {
        guests += 1;
    }
    assert_eq!(guests, 5);
    link_itself(&it, &amy()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_goes_bit_by_bit_and_others_write_in_between() {
    const MANY: u64 = 300_000;
    let it = Fixture::new();
    let counter = |n: u64| Mac(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
    let expired = it.service.store().write(move |tx| {
        let window = Window { now: 0, ends_at: 1 };
        (0..MANY).try_for_each(|n| tx.count(&counter(n), 1, 1, window).map(drop))
    });
    expired.await.unwrap();
    let service = it.service.clone();
    let purge = tokio::spawn(async move { service.purge().await.unwrap().quota });
    let mut left = Vec::new();
    while !purge.is_finished() {
        link_itself(&it, &amy()).await.unwrap();
        it.service.forget_native(&amy(), &[]).await.unwrap();
        left.push(it.service.statistics().await.unwrap().counts.counters);
    }
    assert_eq!(purge.await.unwrap() as u64, MANY);
    assert!(left.iter().any(|left| (1000..MANY).contains(left)), "{left:?}");
}
