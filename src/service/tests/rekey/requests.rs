//! Contact requests that wait while the key is changed.

use super::*;

/// In the requests of some people for all others, at any time before, in and after a change of the key.
async fn ask_for_all(service: &Service, asker: usize) {
    let contacts = (0..20).map(person).map(|jid| own_hash(&jid)).collect();
    let from = person(asker);
    let request = Fixture::request(&from, &[("xmpp", from.as_str())], contacts);
    service.contact_native(request).await.unwrap();
}

/// What waits as MACs of the former key finds everybody, whichever links were renewed already.
#[tokio::test]
async fn requests_that_wait_find_links_under_either_key() {
    for steps in 0..14 {
        let it = Fixture::new();
        for number in 0..20 {
            link_itself(&it.service, &person(number)).await;
        }
        ask_for_all(&it.service, 0).await;
        it.service.begin(keys(8), 0).await;
        ask_for_all(&it.service, 1).await;
        // Renewed out of turn.
        for number in [5, 15] {
            it.service.forget_native(&person(number), &[]).await.unwrap();
            link_itself(&it.service, &person(number)).await;
        }
        for _ in 0..steps {
            it.service.renew_some().await.unwrap();
        }
        ask_for_all(&it.service, 2).await;
        it.match_requests().await;
        let expected = (0..3).flat_map(|asker| {
            let others = (0..20).filter(move |other| *other != asker);
            others.map(move |other| (person(other).to_string(), person(asker).to_string()))
        });
        let mut introduced = it.introductions().await;
        introduced.sort();
        let mut expected: Vec<(String, String)> = expected.collect();
        expected.sort();
        assert_eq!(introduced, expected, "after {steps} steps");
        it.service.rekey(keys(8)).await.unwrap();
    }
}

/// As a version has left it that kept the hashes.
#[tokio::test]
async fn a_request_of_before_is_matched() {
    for steps in [None, Some(0), Some(1), Some(5)] {
        let it = Fixture::new();
        link_itself(&it.service, &amy()).await;
        let kept = it.service.change(|core, tx| {
            let request = request::ContactRequest {
                from: michael(),
                by_anybody: false,
                via: None,
                here: false,
                details: vec![Identity::parse("xmpp".into(), michael().as_str()).unwrap()],
                hashes: vec![Hash::of("phone", PHONE), Hash::parse(&own_hash(&amy())).unwrap()],
                ids: Vec::new(),
            };
            let row = crate::store::NewRow {
                queue: Queue::REQUESTS,
                about: Some(core.about_requester(&michael())),
                payer: None,
                due_at: 0,
                expires_at: core.notice_expires_at(),
                key: core.keys.number(),
                sealed: core.seal_hashes(&request)?,
            };
            Ok(tx.push(&row)?)
        });
        kept.await.unwrap();
        if let Some(steps) = steps {
            it.service.begin(keys(8), steps).await;
        }
        it.match_requests().await;
        assert_eq!(it.introductions().await, [(amy().to_string(), michael().to_string())]);
    }
}

/// Requests that could not be matched before, and more than are looked at together.
#[tokio::test]
async fn a_request_waits_over_two_changes_of_the_key() {
    let it = Fixture::new();
    for number in 0..20 {
        link_itself(&it.service, &person(number)).await;
    }
    for asker in 0..7 {
        ask_for_all(&it.service, asker).await;
    }
    for key in [8, 9] {
        assert_eq!(it.service.rekey(keys(key)).await.unwrap().lost, 0);
    }
    it.match_requests().await;
    assert_eq!(it.introductions().await.len(), 7 * 19);
}

/// Between the change in the database and that in memory. What was kept then would find nobody.
#[tokio::test]
async fn who_keeps_a_request_while_a_change_begins_does_so_under_the_new_key() {
    let it = Fixture::new();
    if it.service.store().is_shared() {
        // Other instances tell as well.
        return;
    }
    let keeps = async || {
        let core = it.service.core.clone();
        let kept = it.service.store().write(move |tx| {
            let core = locked(&core);
            let core = core.former.as_deref().unwrap_or(&core);
            let row = crate::store::NewRow {
                queue: Queue::REQUESTS,
                about: None,
                payer: None,
                due_at: 0,
                expires_at: 0,
                key: 0,
                sealed: Vec::new(),
            };
            Ok(core.push_request(tx, &row).map_err(|error| format!("{error:?}")))
        });
        kept.await.unwrap()
    };
    keeps().await.unwrap();
    it.service.begin(keys(8), 0).await;
    assert!(keeps().await.unwrap_err().contains("OtherKeys"));
}

/// Whoever asks and whoever matches may have begun under the former key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_the_key_is_changed_over_and_over() {
    let it = Fixture::new();
    for number in 0..20 {
        link_itself(&it.service, &person(number)).await;
    }
    let service = it.service.clone();
    let rekeying = tokio::spawn(async move {
        for byte in 100..108 {
            service.rekey(keys(byte)).await.unwrap();
        }
    });
    let match_some = async || {
        let due = it.service.due(Queue::REQUESTS, 3).await.unwrap().0;
        it.service
            .introduce(due.iter().map(|due| due.row.clone()).collect())
            .await
    };
    let mut askers = (0..20).cycle();
    let mut asked = 0;
    while !rekeying.is_finished() {
        ask_for_all(&it.service, askers.next().unwrap()).await;
        asked += 1;
        it.clock.advance(request::LOOKED_UP_WITHIN);
        match_some().await;
        if asked % 20 == 0 {
            // From then on, the same people can ask for the same others again.
            while !match_some().await.is_empty() || it.service.due(Queue::REQUESTS, 1).await.unwrap().1.is_some() {}
            assert_eq!(it.introductions().await.len(), 20 * 19);
            it.clock.advance(Duration::from_secs(24 * 60 * 60));
        }
    }
    rekeying.await.unwrap();
}
