//! Several messages in one request.

use super::*;

/// Takes three messages together; `says` is what becomes of so many.
struct Together<F> {
    sent: Mutex<Vec<usize>>,
    says: F,
}

impl<F: Fn(usize) -> Sent + Send + Sync> Channel for Together<F> {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        self.sent.lock().unwrap().push(letters.len());
        std::future::ready(vec![(self.says)(letters.len()); letters.len()]).boxed()
    }

    fn together(&self) -> usize {
        3
    }
}

/// Sends four messages now and a minute later. Returns the numbers of those that were sent together, each time.
async fn four_twice(says: impl Fn(usize) -> Sent + Send + Sync) -> [Vec<usize>; 2] {
    let it = Fixture::new(100);
    let channel = Together {
        sent: Mutex::default(),
        says,
    };
    for n in 1..5 {
        it.register(n).await;
    }
    let mut dispatch = Dispatch::new(&it.service, Queue::PHONE, &channel);
    dispatch.read_new().await;
    let turn = async |dispatch: &mut Dispatch<'_>| {
        while let Some(flight) = dispatch.next() {
            let landed = fly(&it.service, Queue::PHONE, &channel, flight).await;
            dispatch.land(landed);
        }
        std::mem::take(&mut *channel.sent.lock().unwrap())
    };
    let first = turn(&mut dispatch).await;
    it.clock.advance(Duration::from_secs(5));
    [first, turn(&mut dispatch).await]
}

fn put_off(extent: Extent) -> Sent {
    Err(SendError::Retry(Trouble::of_message("later").of(extent)))
}

#[tokio::test]
async fn several_go_together_and_alone_if_one_of_them_may_be_the_trouble() {
    let later = |extent| four_twice(move |_| put_off(extent));
    assert_eq!(later(Extent::Each).await, [[3, 1], [3, 1]]);
    // One at a time shows if it is back.
    assert_eq!(later(Extent::Destination).await, [vec![3, 1], vec![1, 1, 1, 1]]);
    assert_eq!(later(Extent::OneOfThem).await, [vec![3, 1], vec![1, 1, 1, 1]]);
}

#[tokio::test]
async fn what_waits_for_a_destination_is_due_when_it_is_back() {
    let away = |number| {
        if number == 3 {
            put_off(Extent::Destination)
        } else {
            Ok(())
        }
    };
    let [first, _] = four_twice(away).await;
    // The three of them once more, and so on: the fourth was taken.
    assert_eq!(first, [3, 1, 3]);
}
