//! Messages that come back, at once or late.

use super::*;

fn others() -> BareJid {
    BareJid::new("amy@example.net").unwrap()
}

/// A message to another server's people, with which ours has lived long enough.
async fn awaited(folder: &tempfile::TempDir) -> (Service, Clock, Worker) {
    let (service, clock, mut worker) = to(folder, &others()).await;
    worker.work().await;
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
    assert!(kept(&service).await[0].is_taken);
    (service, clock, worker)
}

#[tokio::test]
async fn what_comes_back_late_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = awaited(&folder).await;
    clock.advance(AWAITED - 2 * LONG);
    assert!(!worker.channel.gives_back("eve@example.net"));
    assert!(worker.channel.gives_back("amy@example.net"));
    worker.batches.take_back().await;
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await[0].returned), (1, 1));
    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    worker.work().await;
    assert_eq!(worker.times(), 2);
    // And once more.
    clock.advance(LONG);
    worker.work().await;
    assert!(worker.channel.gives_back("example.net"));
    worker.batches.take_back().await;
    assert_eq!(kept(&service).await[0].returned, 2);
}

#[tokio::test]
async fn what_comes_back_no_more_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = awaited(&folder).await;
    clock.advance(AWAITED);
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await.len()), (1, 0));
    assert!(!worker.channel.gives_back("amy@example.net"));
}

#[tokio::test]
async fn what_may_come_back_is_not_sent_again_after_a_restart_unless_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = awaited(&folder).await;
    worker.crash(9).await;
    clock.advance(LONG);
    worker.work().await;
    assert_eq!(worker.times(), 0);
    let letter = match service.messages(Queue::XMPP, 0, 1).await.unwrap().remove(0).letter {
        Opened::Letter(letter) => letter,
        _ => unreachable!("it opens"),
    };
    assert!(
        worker
            .channel
            .gives_back_as(&letter.id, "amy@example.net", BounceKind::Unclear)
    );
    worker.batches.take_back().await;
    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    worker.work().await;
    assert_eq!(worker.times(), 1);
}

#[tokio::test]
async fn what_may_come_back_waits_on_when_the_service_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, worker) = to(&folder, &others()).await;
    worker.batches.end().await;
    assert!(kept(&service).await[0].is_taken);
    // As long as the link is down, nothing is sent; afterwards it is done with.
    clock.advance(AWAITED);
    let mut next = Worker::new(&service, Some(1));
    next.work().await;
    assert_eq!((next.times(), kept(&service).await.len()), (0, 0));
}

#[tokio::test]
async fn what_was_withdrawn_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = awaited(&folder).await;
    service.forget_native(&jid("eve"), &[]).await.unwrap();
    assert!(worker.channel.gives_back("amy@example.net"));
    worker.batches.take_back().await;
    assert!(kept(&service).await.is_empty());
}

#[tokio::test]
async fn what_nobody_takes_is_tried_a_few_times_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = awaited(&folder).await;
    for nth in 1..=4 {
        let id = worker.channel.ids.lock().unwrap().last().unwrap().clone();
        assert!(worker.channel.gives_back_as(&id, "amy@example.net", BounceKind::Nobody));
        worker.batches.take_back().await;
        assert_eq!(worker.times(), nth);
        if let Some(pause) = pause(BounceKind::Nobody, u32::try_from(nth).unwrap()) {
            clock.advance(pause - Duration::from_secs(1));
            assert!(waiting(&service, Queue::XMPP).await.is_empty());
            clock.advance(Duration::from_secs(1));
            worker.work().await;
        }
    }
    assert!(kept(&service).await.is_empty());
}

/// The time of an answer would else tell that the message before it came back from somebody with links.
#[tokio::test]
async fn who_is_missed_is_stored_later_whoever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = awaited(&folder).await;
    let outbox = Outbox::new(service.clone(), CancellationToken::new());
    // By the worker that has the connection, which ends for itself.
    worker.batches.missed = outbox.clone().until(CancellationToken::new()).missed;
    let changes = async || service.store().read(|read| read.counts()).await.unwrap().counters;
    let before = changes().await;
    let id = worker.channel.ids.lock().unwrap().last().unwrap().clone();
    assert!(worker.channel.gives_back_as(&id, "amy@example.net", BounceKind::Nobody));
    worker.batches.take_back().await;
    assert_eq!((changes().await, outbox.missed.len()), (before, 1));
    worker.batches.missed.add(vec![others(); 2 * missed::MOST]);
    assert_eq!(outbox.missed.len(), missed::MOST);
    outbox.missed.store(&service).await;
    assert_eq!(changes().await, before + 2);
}
