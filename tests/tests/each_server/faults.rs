//! Nothing is lost, whatever dies.
//!
//! People register, verify and ask for contact, natively and over HTTP, while the service, the XMPP server, the mail
//! server and the SMS gateway are killed, the XMPP server stands still, the disk is full and connections are cut. What
//! breaks when is random; `FAULTS_SEED` repeats a run's choices. `FAULTS` says how many faults there are (100): for
//! thousands,
//!
//!     FAULTS=3000 ITSEME_TEST_SERVER=ejabberd cargo test --manifest-path tests/Cargo.toml faults -- --nocapture
//!
//! `FAULTS_LOG` names a file for the service's log.
//!
//! Afterwards, everything that was answered has its effect, nobody got a contact request more than twice (or once for each
//! connection to the server that the service lost meanwhile, if those were more), nothing was sent too late, the database
//! is whole, and nothing of anybody is in copies of the data that were taken meanwhile.

use itseme_tests::faults::{Run, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost() {
    run(false).await;
}

/// Two instances of the service over PostgreSQL: besides, the database is killed, restarted, stopped where it is and cut off, and
/// so is either instance.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_two_instances() {
    run(true).await;
}

async fn run(shared: bool) {
    let (seed, faults) = wanted();
    Run::prepare(seed, faults, shared).await.go().await.assert(seed);
}
