//! Messages that are handed over, and not read.

use super::*;

/// A message from Eve to Amy, handed over after `delay` to a worker that is connected to a server.
async fn handed(folder: &tempfile::TempDir, delay: Duration) -> (Service, Clock, Worker) {
    let clock = Clock::system();
    let service = service(folder, clock.clone());
    let mut handed = service.hand_over();
    ask(&service, &[&jid("eve")], &[&jid("amy")]).await;
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
    clock.advance(delay);
    let mut worker = Worker::new(&service, Some(1));
    worker.batches.look_at = Millis::MAX;
    worker.batches.send_handed(handed.next(9).await).await;
    (service, clock, worker)
}

#[tokio::test]
async fn what_is_handed_over_is_sent_and_only_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = handed(&folder, Duration::ZERO).await;
    assert_eq!((worker.times(), kept(&service).await[0].tries), (1, 0));
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn what_is_handed_over_and_lost_is_due_soon() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = handed(&folder, Duration::ZERO).await;
    clock.advance(LONG);
    worker.channel.is_now(Ok(Some(2)));
    worker.work().await;
    assert_eq!(worker.times(), 2);
    assert!(worker.batches.look_at <= clock.now() + millis(REMOVED));
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn what_is_handed_over_late_is_read_unless_it_was_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = handed(&folder, FRESH).await;
    assert_eq!((worker.times(), worker.batches.look_at), (0, 0));
    service.mute(&jid("amy"), &[jid("eve").to_string()]).await.unwrap();
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await.len()), (0, 0));
}

#[tokio::test]
async fn what_is_handed_over_without_a_connection_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = handed(&folder, Duration::ZERO).await;
    worker.channel.is_now(Err(Away));
    let mut handed = service.hand_over();
    ask(&service, &[&jid("michael")], &[&jid("amy")]).await;
    worker.batches.send_handed(handed.next(9).await).await;
    assert_eq!((worker.times(), worker.batches.look_at), (1, 0));
    worker.channel.is_now(Ok(Some(1)));
    clock.advance(LONG);
    worker.work().await;
    assert_eq!(worker.times(), 2);
}

#[tokio::test]
async fn what_is_due_before_it_is_safe_is_not_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = handed(&folder, Duration::ZERO).await;
    let row = kept(&service).await[0].id;
    service.store().write(move |write| write.retry(row, 0)).await.unwrap();
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await.len()), (1, 1));
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn without_a_worker_all_is_due_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder, Clock::system());
    drop(service.hand_over());
    ask(&service, &[&jid("eve")], &[&jid("amy")]).await;
    assert_eq!(waiting(&service, Queue::XMPP).await.len(), 1);
}
