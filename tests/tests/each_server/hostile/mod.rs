//! Strangers send what no client would: whatever it is, each request is answered once, nothing ends the service or its
//! connection, memory stays bounded, and nobody reads what somebody else forged.

mod forged;
mod generator;
mod names;
mod relayed;
mod requests;
mod senders;
mod stanzas;

use itseme_tests::{AMY, World};

/// The service goes on as if nothing had been: it was never disconnected, and nothing of it has panicked.
async fn goes_on(world: &World) {
    assert_eq!(world.service.connections(), 1, "the link went down");
    let log = world.service.log();
    for bad in ["panicked", "failed by a bug", "the database failed"] {
        assert_eq!(log.count(bad), 0, "{bad}\n{}", log.tail());
    }
    world.service.assert_memory();
}

/// And does what it is for.
async fn still_works(world: &World) {
    goes_on(world).await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}
