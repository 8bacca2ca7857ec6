//! Who may spend how much of what the service may send, and who may register at all.

use super::*;
use crate::model::Provider;

/// Text messages in a day.
const BUDGET: u32 = 100;

fn fixture(change: impl FnOnce(&mut Settings)) -> Fixture {
    Fixture::with(|settings| {
        settings.budgets = vec![Budget {
            provider: Provider::Phone,
            prefix: "+".into(),
            per_day: BUDGET,
        }];
        change(settings);
    })
}

/// Has numbers registered until that is refused, or all are spent; tells how many were.
async fn spend(register: impl AsyncFn(u32) -> Result<Registered>, first: u32) -> u32 {
    for number in 0..=BUDGET {
        if let Err(error) = register(first + number).await {
            assert_eq!(code_of::<()>(Err(error)), "request_limit_reached");
            return number;
        }
    }
    unreachable!("there is no budget")
}

fn number(n: u32) -> String {
    format!("+4477009{n:05}")
}

#[tokio::test]
async fn one_server_spends_a_fifth_others_together_half_and_the_own_people_the_rest() {
    let it = fixture(|_| {});
    let natively = async |domain: &str, n: u32| {
        let sender = jid(&format!("u{n}@{domain}"));
        it.register(&sender, "phone", &number(n)).await
    };
    let of = async |domain: &str, first: u32| spend(async |n| natively(domain, n).await, first).await;
    assert_eq!(of("sub1.evil.example", 0).await, 20);
    assert_eq!(of("sub2.evil.example", 1000).await, 0);
    assert_eq!(of("example.net", 2000).await, 20);
    assert_eq!(of("example.com", 3000).await, 10);
    assert_eq!(of("else.example", 4000).await, 0);
    assert_eq!(of("example.org", 5000).await, 50);
    it.clock.advance(limits::DAY);
    assert_eq!(of("evil.example", 6000).await, 20);
}

#[tokio::test]
async fn over_http_targets_servers_and_networks_have_shares() {
    let it = fixture(|settings| settings.limits.codes_per_target_per_day = 1000);
    let confirmed = [
        "amy@example.org",
        "amy@example.net",
        "eve@evil.example",
        "eve@example.com",
    ]
    .map(jid);
    for target in &confirmed {
        it.register(target, "xmpp", target.as_str()).await.unwrap();
    }
    let [amy, net, evil, com] = &confirmed;
    let of = async |target: &BareJid, address: &str, first: u32| {
        let service = it.service.asked_from(address.parse().unwrap());
        let register = async |n| service.register_http(target, "phone", &number(n), false, None).await;
        spend(register, first).await
    };
    // In the name of one server's people, from wherever.
    assert_eq!(of(evil, "2001:db8:1::1", 0).await, 20);
    assert_eq!(of(evil, "2001:db8:2::1", 1000).await, 0);
    // From one network, in whoever's name; the own server's people among them.
    assert_eq!(of(net, "2001:db8:1:ffff::1", 2000).await, 0);
    assert_eq!(of(amy, "2001:db8:3::1", 3000).await, 20);
    assert_eq!(of(com, "2001:db8:3:1::1", 4000).await, 0);
    assert_eq!(of(com, "2001:db8:4::1", 5000).await, 10);
    // Natively, the own server's people have the rest.
    let own = async |n| {
        it.register(&jid(&format!("u{n}@example.org")), "phone", &number(n))
            .await
    };
    assert_eq!(spend(own, 6000).await, 50);
}

#[tokio::test]
async fn only_accounts_that_are_served_register() {
    let some: Served = Served::Domains(["example.com".to_owned()].into());
    for (served, expected) in [
        (Served::Everybody, [true, true, true]),
        (Served::OwnServer, [true, false, false]),
        (some, [false, true, false]),
    ] {
        let it = fixture(|settings| settings.served = served.clone());
        for (domain, is_served) in ["example.org", "example.com", "sub.example.com"]
            .into_iter()
            .zip(expected)
        {
            let target = jid(&format!("amy@{domain}"));
            let natively = it.register(&target, "xmpp", target.as_str()).await.map(drop);
            let http = it
                .service
                .register_http(&target, "xmpp", target.as_str(), false, None)
                .await
                .map(drop);
            for registered in [natively, http] {
                match is_served {
                    true => registered.unwrap(),
                    false => assert_eq!(code_of(registered), "domain_not_served", "{domain}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn who_has_registered_before_stays() {
    let it = fixture(|_| {});
    it.link_phone(&michael(), PHONE).await;
    let restricted = it.restarted(|settings| settings.served = Served::OwnServer);
    assert!(
        restricted
            .confirm(michael().as_str(), &[hash("phone", PHONE)])
            .await
            .unwrap()
    );
    let request = Fixture::request(&michael(), &[("phone", PHONE)], vec![own_hash(&amy())]);
    restricted.contact_native(request).await.unwrap();
    assert_eq!(restricted.forget_native(&michael(), &[]).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_tried_again_counts_for_the_server_of_who_asked() {
    let it = fixture(|_| {});
    it.register(&jid("eve@evil.example"), "phone", &number(0))
        .await
        .unwrap();
    let due = it.service.due(Queue::PHONE, 1).await.unwrap().0.pop().unwrap();
    let (row, letter) = (due.row.id, letter_of(due));
    let mut tries = 1;
    while it.service.put_off(row, 0, Some(letter.clone())).await.unwrap() {
        tries += 1;
    }
    assert_eq!(tries, 20);
    it.register(&amy(), "phone", &number(1)).await.unwrap();
}
