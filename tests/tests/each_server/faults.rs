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

use std::{env, str::FromStr};

use itseme_tests::faults::Run;

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
    let seed = variable("FAULTS_SEED").unwrap_or_else(rand::random);
    let faults = variable("FAULTS").unwrap_or(100);
    println!("FAULTS_SEED={seed} FAULTS={faults}");
    let run = Run::prepare(seed, faults, shared).await;
    let verdict = run.go().await;
    println!("{verdict}");
    assert!(verdict.broken.is_empty(), "FAULTS_SEED={seed}\n{}", verdict.broken.join("\n"));
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {value}")))
}
