//! Strangers send what no client would, through the server: whatever it is, each request is answered once, nothing ends the service
//! or its connection, memory stays bounded, and nobody reads what somebody else forged. What no server relays: `once::hostile`.

mod forged;
pub mod generator;
mod stanzas;

use itseme_tests::{AMY, World};

/// The service goes on as if nothing had been: it was never disconnected, and nothing of it has panicked.
pub async fn goes_on(world: &World) {
    assert_eq!(world.service.connections(), 1, "the link went down");
    let log = world.service.log();
    for bad in ["panicked", "failed by a bug", "the database failed"] {
        assert_eq!(log.count(bad), 0, "{bad}\n{}", log.tail());
    }
    world.service.assert_memory();
}

/// And does what it is for.
pub async fn still_works(world: &World) {
    goes_on(world).await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}
