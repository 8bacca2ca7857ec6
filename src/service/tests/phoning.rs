//! Codes that are read out in a call.

use super::*;

fn fixture() -> Fixture {
    Fixture::with(|settings| settings.calls = ["phone".to_owned()].into())
}

impl Fixture {
    async fn asks_for(&self, how: How, resend: bool) -> Result<Registered> {
        let own = Register::own(amy(), "phone", PHONE, resend);
        self.service.call_native(&amy(), Register { how, ..own }).await
    }

    /// Whether each letter that waits is a call.
    async fn calls(&self) -> Vec<bool> {
        let letters = self.letters(Queue::PHONE).await;
        letters.iter().map(|letter| letter.by_call).collect()
    }
}

#[tokio::test]
async fn a_code_by_a_call_takes_the_place_of_one_by_text() {
    let it = fixture();
    it.asks_for(How::Code, false).await.unwrap();
    assert_eq!(it.calls().await, [false]);
    let text = it.peek_code(Queue::PHONE).await;
    assert_eq!(code_of(it.asks_for(How::Call, false).await), "request_limit_reached");
    it.clock.advance(MINUTE);
    it.asks_for(How::Call, false).await.unwrap();
    assert_eq!(it.calls().await, [true]);
    let code = it.peek_code(Queue::PHONE).await;
    // While somebody listens to it, it stays.
    it.clock.advance(MINUTE);
    it.asks_for(How::Call, false).await.unwrap();
    it.asks_for(How::Code, false).await.unwrap();
    assert_eq!(it.calls().await, [true]);
    assert_eq!(it.peek_code(Queue::PHONE).await, code);
    it.asks_for(How::Code, true).await.unwrap();
    assert_eq!(it.calls().await, [false]);
    assert_ne!(it.peek_code(Queue::PHONE).await, text);
    let phone = hash("phone", PHONE);
    let code = it.peek_code(Queue::PHONE).await;
    it.verify(&amy(), &phone, &code).await.unwrap();
    assert!(it.confirms(&amy(), &phone).await);
}

#[tokio::test]
async fn without_a_gateway_that_calls_it_is_refused() {
    let it = Fixture::new();
    assert!(matches!(it.asks_for(How::Call, false).await, Err(Error::NotByCall)));
    let it = fixture();
    let mail = Register {
        how: How::Call,
        ..Register::own(amy(), "email", MAIL, false)
    };
    let refused = it.service.call_native(&amy(), mail).await;
    assert!(matches!(refused, Err(Error::NotByCall)), "{refused:?}");
}
