//! One number or address in many spellings: a person who proves it is found by all of them.

use itseme_client::{Agent, AgentEvent, Identity, Session, Status};
use itseme_tests::{AMY, MICHAEL, World, next_of_agent};

/// The identity that Amy registers, the place where her code arrives, and the entry in Michael's address book.
struct Pair {
    provider: &'static str,
    registered: &'static str,
    arrives_at: &'static str,
    in_book: &'static str,
    /// The region of the book's owner: numbers without a country code belong to it.
    region: &'static str,
}

/// The numbers are those of libphonenumber's own examples.
const PAIRS: [Pair; 6] = [
    Pair {
        provider: "phone",
        registered: "+44 (0)7700 900123",
        arrives_at: "+447700900123",
        in_book: "TEL:07700 900123",
        region: "GB",
    },
    // Mexico dropped the 1 behind its country code in 2019; people have it still.
    Pair {
        provider: "phone",
        registered: "+52 222 123 4567",
        arrives_at: "+522221234567",
        in_book: "TEL:+52 1 222 123 4567",
        region: "GB",
    },
    // Benin put 01 in front of every number in 2024.
    Pair {
        provider: "phone",
        registered: "+229 01 95 12 34 56",
        arrives_at: "+2290195123456",
        in_book: "TEL:+229 95 12 34 56",
        region: "GB",
    },
    // An Argentine mobile has a 9 when it is dialled from abroad, and no 9 in many address books.
    Pair {
        provider: "phone",
        registered: "+54 9 11 2345-6789",
        arrives_at: "+5491123456789",
        in_book: "TEL:+54 11 2345-6789",
        region: "US",
    },
    Pair {
        provider: "email",
        registered: "Amy.of.Example@googlemail.com",
        arrives_at: "amy.of.example@googlemail.com",
        in_book: "EMAIL:amy.of.example@gmail.com",
        region: "GB",
    },
    Pair {
        provider: "email",
        registered: "amy@BÜCHER.example.",
        arrives_at: "amy@xn--bcher-kva.example",
        in_book: "EMAIL:Amy@bücher.example",
        region: "DE",
    },
];

/// The identity that Michael proves.
const MICHAELS: Pair = Pair {
    provider: "phone",
    registered: MICHAEL.phone,
    arrives_at: MICHAEL.phone,
    in_book: "",
    region: "GB",
};

#[tokio::test]
async fn who_is_known_by_another_spelling_is_found() {
    let world = World::start().await;
    if !world.server.lets_strangers_write() {
        return; // What she answers is kept from him, and not by the service.
    }
    for pair in &PAIRS {
        let amys_book = format!("BEGIN:VCARD\nFN:Michael\nTEL:{}\nEND:VCARD\n", MICHAEL.phone);
        let michaels_book = format!("BEGIN:VCARD\nFN:Amy\n{}\nEND:VCARD\n", pair.in_book);
        let mut amy = world.agent(&AMY, &amys_book, &[]).await;
        let mut michael = world.agent(&MICHAEL, &michaels_book, &[pair.region.parse().unwrap()]).await;
        proves(&world, &mut amy, pair).await;
        proves(&world, &mut michael, &MICHAELS).await;
        michael.introduce().await.unwrap();
        next_of_agent(&mut amy, |event| matches!(event, AgentEvent::Answered { .. })).await;
        let found = next_of_agent(&mut michael, |event| matches!(event, AgentEvent::Found { .. })).await;
        let AgentEvent::Found { jid, name, .. } = found else { unreachable!() };
        assert_eq!((jid, name.as_deref()), (AMY.bare_jid(), Some("Amy")), "{}", pair.in_book);
        // So that only the next pair finds her.
        amy.session().forget_all().await.unwrap();
    }
}

/// An address book without aliases also finds people who have proven the other form, because the service knows both.
#[tokio::test]
async fn an_alias_is_known_to_the_service_and_moves_with_its_link() {
    let world = World::start().await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    let pair = &PAIRS[3];
    prove(&world, &amy, pair).await;
    let alias = Identity::new("phone", "+541123456789").unwrap().hash();
    assert!(michael.confirm(&AMY.bare_jid(), std::slice::from_ref(&alias)).await.unwrap());
    assert!(!amy.links().await.unwrap().contains(&alias));
    prove(&world, &michael, pair).await;
    assert!(michael.confirm(&MICHAEL.bare_jid(), std::slice::from_ref(&alias)).await.unwrap());
    assert!(!michael.confirm(&AMY.bare_jid(), std::slice::from_ref(&alias)).await.unwrap());
    michael.forget(std::slice::from_ref(&alias)).await.unwrap();
    let proven = Identity::new("phone", pair.arrives_at).unwrap().hash();
    assert!(!michael.links().await.unwrap().contains(&proven));
}

/// Registers what the pair has, and enters the code that arrives.
async fn prove(world: &World, client: &Session, pair: &Pair) {
    let registered = client.register(pair.provider, pair.registered, false).await.unwrap();
    assert!(client.verify(&registered.hash, &pair.code(world).await).await.unwrap());
}

/// The same by a client that stores the proven identities. The identity may be linked already.
async fn proves(world: &World, agent: &mut Agent, pair: &Pair) {
    let registered = agent.register(pair.provider, pair.registered, false).await.unwrap();
    if registered.status == Status::Pending {
        agent.verify(&registered.hash, &pair.code(world).await).await.unwrap();
    }
}

impl Pair {
    async fn code(&self, world: &World) -> String {
        match self.provider {
            "phone" => world.gateway.take(self.arrives_at).await.code(),
            _ => world.mail.take(self.arrives_at).await.code(),
        }
    }
}
