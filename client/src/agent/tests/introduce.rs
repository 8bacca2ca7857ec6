//! Introductions.

use super::*;
use crate::agent::introduce::PAUSES;

/// An address book of so many people.
fn crowd(size: usize) -> AddressBook {
    let cards = (0..size).map(|n| format!("BEGIN:VCARD\nFN:x\nTEL:+4917000{n:05}\nEND:VCARD\n"));
    AddressBook::parse(cards.collect::<String>(), &[])
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_take_today_comes_first_next_time() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(250);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.answer("<contact", SENT).await;
        for _ in 0..=PAUSES.len() {
            server.refuse("<contact", "request-limit-reached").await;
        }
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 100, aliases: 0, requests: 1, left: 150 });
    assert_eq!(agent.state().unwrap().asked.len(), 100);

    let (introduced, requests) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        let mut requests = Vec::new();
        for _ in 0..3 {
            requests.push(server.answer("<contact", SENT).await);
        }
        requests
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 250, aliases: 0, requests: 3, left: 0 });
    let first = &agent.book.hashes()[0];
    let asked = requests.iter().map(|request| request.contains(first)).collect::<Vec<_>>();
    assert_eq!(asked, [false, true, false], "after 150 new ones");
}

#[tokio::test(start_paused = true)]
async fn in_a_book_of_many_days_everybody_gets_a_turn() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let cards = (0..150)
        .map(|n| format!("BEGIN:VCARD\nFN:x\nEMAIL:amy{n}@gmail.com\nEND:VCARD\n"))
        .collect::<String>();
    agent.book = AddressBook::parse(&cards, &[]);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (hashes, aliases) = (agent.book.hashes(), agent.book.aliases());
    let mut asked = Vec::new();
    // The service takes two hundred a day.
    for _ in 0..3 {
        let (introduced, ()) = join!(agent.introduce(), async {
            server.answer("<links", &links(&[mail()])).await;
            for _ in 0..2 {
                asked.push(server.answer("<contact", SENT).await);
            }
            for _ in 0..=PAUSES.len() {
                server.refuse("<contact", "request-limit-reached").await;
            }
        });
        assert_eq!(introduced.unwrap().left, 100);
    }
    let times = |hash: &String| asked.iter().filter(|request| request.contains(hash)).count();
    assert!(hashes.iter().all(|hash| times(hash) == 2), "from the first day on, and again from the second");
    assert!(aliases.iter().all(|hash| times(hash) == 2), "from the first day on, and again on the third");
}

#[tokio::test]
async fn other_forms_are_asked_for_last_and_found() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let card =
        "BEGIN:VCARD\nFN:Zoë\nEMAIL:zoe@gmail.com\nEMAIL:amy@gmail.com\nTEL:+49 170 1234567\nEND:VCARD\n";
    agent.book = AddressBook::parse(card, &[]);
    let mine = Identity::new("email", "amy@gmail.com").unwrap();
    agent.store.update(|state| state.proven.insert(mine.clone())).unwrap();
    let (introduced, request) = join!(agent.introduce(), async {
        server.answer("<links", &links(std::slice::from_ref(&mine))).await;
        server.answer("<contact", SENT).await
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 3, aliases: 1, requests: 1, left: 0 });
    let zoe = Identity::new("email", "zoe@googlemail.com").unwrap();
    let place = |identity: &Identity| request.find(&identity.hash()).unwrap();
    assert!(place(&michael()) < place(&zoe));
    server.write(&contact("zoe@example.net/x", "zoe@example.net", std::slice::from_ref(&zoe))).await;
    let hash = zoe.hash();
    let (event, _) = join!(agent.next_event(), server.answer(&hash, CONFIRMED));
    assert!(matches!(event, Some(AgentEvent::Found { name: Some(name), .. }) if name == "Zoë"));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_a_second_are_waited_out() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(1);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached").await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 1, aliases: 0, requests: 1, left: 0 });
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_it_is_told_unless_that_is_long() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(1);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let began = tokio::time::Instant::now();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached seconds='9' limit='requests'").await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap().left, 0);
    assert!(began.elapsed() >= Duration::from_secs(9));

    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached seconds='3600' limit='hashes'").await;
    });
    assert_eq!(introduced.unwrap().left, 1);
}

#[tokio::test]
async fn a_refused_request_was_not_made() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(2);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let earlier = agent.book.hashes()[0].clone();
    agent.store.update(|state| state.asked.insert(earlier.clone())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "insufficient-contact-info").await;
    });
    assert!(matches!(introduced, Err(Error::Service { .. })), "{introduced:?}");
    assert_eq!(agent.state().unwrap().asked, BTreeSet::from([earlier]));
}

#[tokio::test]
async fn introductions_go_out_as_hashes_without_the_own_ones() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let cards: String = (0..150)
        .map(|n| format!("BEGIN:VCARD\nFN:x\nTEL:+4917000{n:05}\nEMAIL:amy@example.org\nEND:VCARD\n"))
        .collect();
    agent.book = AddressBook::parse(&cards, &[]);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.answer("<contact", SENT).await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 150, aliases: 0, requests: 2, left: 0 });
    let state = agent.state().unwrap();
    assert_eq!(state.asked.len(), 150);
    assert!(!state.asked.contains(&mail().hash()));
}
