//! How guesses are counted, and what longer codes come of it.

use super::*;

#[tokio::test]
async fn nobodys_guesses_keep_the_owner_out() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(4));
    for day in 0..30 {
        for eve in &eves {
            attack.ask(By::Target, eve, true).await;
            attack.exhaust(By::Target, eve).await;
            attack.exhaust(By::Anybody, eve).await;
            attack.it.clock.advance(31 * SECOND);
        }
        for digits in 4..=LONGEST {
            assert_eq!(attack.guess_at(By::Anybody, &eves[0], digits).await, 0, "day {day}");
        }
        attack.owner_gets_in().await;
        attack.it.clock.advance(DAY);
    }
}

#[tokio::test]
async fn guesses_at_a_code_that_waits_keep_its_owner_out_neither() {
    let (mut attack, owner) = (Attack::new(Fixture::new()), jid("owner@example.org"));
    attack.it.register(&owner, "phone", PHONE).await.unwrap();
    let code = attack.it.codes(Queue::PHONE).await.pop().unwrap();
    attack.sent.insert(owner.clone(), code.clone());
    for eve in &eves(4) {
        attack.it.clock.advance(31 * SECOND);
        attack.ask(By::Target, eve, false).await;
        attack.exhaust(By::Target, eve).await;
        attack.exhaust(By::Anybody, eve).await;
    }
    for _ in 1..OWN_GUESSES {
        assert_eq!(
            code_of(attack.it.verify(&owner, &attack.hash(), &wrong(&code)).await),
            "faulty_code"
        );
    }
    attack.it.verify(&owner, &attack.hash(), &code).await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_all_count() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
    }
    let (hash, no) = (attack.hash(), attack.wrong(4));
    let native = eves
        .iter()
        .cycle()
        .take(200)
        .map(|eve| attack.it.verify(eve, &hash, &no));
    let http = (0..200).map(|_| attack.it.verify_http(&hash, &no));
    let (native, http) = tokio::join!(futures::future::join_all(native), futures::future::join_all(http));
    let wrong = |results: Vec<Result<Verified>>| {
        let codes = results.into_iter().map(code_of);
        codes.filter(|code| *code == "faulty_code").count()
    };
    // Each JID has its own two, which are all that anybody may natively; those over HTTP are compared with five codes.
    assert_eq!(wrong(native), 10);
    assert!(wrong(http) <= 2);
}

#[tokio::test]
async fn guessing_at_many_numbers_takes_as_many_codes() {
    const NUMBERS: usize = 20;
    let numbers: Vec<&'static str> = (0..NUMBERS).map(|n| &*format!("+4477009001{n:02}").leak()).collect();
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    let mut by_number = vec![0; NUMBERS];
    for _ in 0..2 {
        for eve in &eves {
            for (number, guesses) in numbers.iter().zip(&mut by_number) {
                attack.number = number;
                let before = attack.guesses.len();
                attack.ask(By::Target, eve, false).await;
                attack.exhaust(By::Target, eve).await;
                attack.exhaust(By::Anybody, eve).await;
                *guesses += attack.guesses.len() - before;
            }
            attack.it.clock.advance(31 * SECOND);
        }
        attack.it.clock.advance(DAY);
    }
    let promise = attack.promise();
    let each = promise.guesses_in(2, By::Target) + promise.guesses_in(2, By::Anybody);
    assert!(
        by_number.iter().all(|guesses| *guesses <= each as usize),
        "{by_number:?}"
    );
    let per_code = attack.guesses.len() / attack.codes as usize;
    println!(
        "many numbers: {} guesses at {} codes",
        attack.guesses.len(),
        attack.codes
    );
    assert!(per_code <= 2 * promise.limits.guesses_per_code as usize);
    // Five JIDs are sent so many codes, whatever the number of numbers.
    assert!(attack.codes <= 5 * 2 * promise.limits.codes_per_target_per_day);
}

#[tokio::test]
async fn codes_grow_with_wrong_guesses_and_shrink_after_a_month() {
    let (mut attack, eve) = (Attack::new(Fixture::new()), jid("eve@evil.example"));
    let mut lengths = Vec::new();
    for _ in 0..12 {
        attack.ask(By::Target, &eve, true).await;
        attack.exhaust(By::Target, &eve).await;
        attack.exhaust(By::Anybody, &eve).await;
        lengths.push(attack.digits(&eve));
        attack.it.clock.advance(DAY);
    }
    assert!(
        lengths.is_sorted() && lengths.starts_with(&[4]) && lengths.ends_with(&[8, 8]),
        "{lengths:?}"
    );
    assert!(lengths.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{lengths:?}");
    attack.it.clock.advance(MONTH);
    attack.ask(By::Target, &eve, true).await;
    assert_eq!(attack.digits(&eve), 4);
}

#[tokio::test]
async fn a_code_that_is_too_short_by_now_serves_its_target_alone() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(3));
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
    }
    for eve in &eves[..2] {
        attack.exhaust(By::Target, eve).await;
    }
    assert_eq!(attack.guesses.len(), 10);
    assert_eq!(attack.guess(By::Anybody, &eves[2]).await, 0);
    assert_eq!(attack.guess(By::Target, &eves[2]).await, 1);
    // A longer one is good for guesses over HTTP again: those natively have not used them up.
    attack.it.resend(&eves[2], "phone", PHONE).await.unwrap();
    let code = attack.it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(code.len(), 5);
    assert_eq!(
        code_of(attack.it.verify_http(&attack.hash(), &wrong(&code)).await),
        "faulty_code"
    );
    attack.it.verify_http(&attack.hash(), &code).await.unwrap();
}

#[tokio::test]
async fn codes_for_erasures_and_for_the_jid_itself_share_their_guesses() {
    let it = Fixture::with_tokens();
    it.link_phone(&amy(), PHONE).await;
    let mut wrong_ones = 0;
    for hashes in [vec![], vec![hash("phone", PHONE)], vec![own_hash(&amy())]] {
        it.service.forget_http(&amy(), &hashes, None, false).await.unwrap();
        let no = wrong(&it.codes(Queue::XMPP).await.pop().unwrap());
        it.clock.advance(31 * SECOND);
        let guess = async || it.service.forget_http(&amy(), &hashes, Some(no.clone()), false).await;
        while matches!(guess().await, Err(Error::FaultyCode)) {
            wrong_ones += 1;
        }
    }
    assert_eq!(wrong_ones, 10);
    let code = it.code_of_itself(&amy()).await;
    assert_eq!(code.len(), 5, "longer, as are all that follow");
    assert_eq!(
        code_of(it.verify_http(&own_hash(&amy()), &wrong(&code)).await),
        "request_limit_reached"
    );
}

#[tokio::test]
async fn a_code_alone_counts_like_one_with_its_hash() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    let mut wrong_ones = 0;
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
        let no = wrong(&attack.sent[eve]);
        while matches!(
            attack.it.service.verify_any_native(eve, &no).await,
            Err(Error::FaultyCode)
        ) {
            wrong_ones += 1;
        }
    }
    let limits = attack.promise().limits;
    assert_eq!(wrong_ones, limits.guesses_per_day + 3 * OWN_GUESSES);
}

#[tokio::test]
async fn the_code_of_a_sign_in_is_long_enough_for_a_month() {
    let it = Fixture::new();
    let octo = hash("octo", "amy");
    for eve in &eves(2) {
        let state = it.register(eve, "octo", "amy").await.unwrap().goto.unwrap();
        let no = wrong(it.sign_in(&state, "amy").await.unwrap().code.as_str());
        while matches!(it.verify(eve, &octo, &no).await, Err(Error::FaultyCode)) {}
    }
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let code = it.sign_in(&state, "amy").await.unwrap().code;
    assert_eq!(code.as_str().len(), 12);
    assert_eq!(
        code_of(it.verify_http(&octo, &wrong(code.as_str())).await),
        "faulty_code"
    );
    it.verify_http(&octo, code.as_str()).await.unwrap();
}
