//! Nothing is lost between two services, whatever dies.
//!
//! `FAULTS_SEED` repeats a run's choices, and `FAULTS` says how many faults there are, as in `each_server/faults.rs`: here,
//! one in five of that number.

use itseme_tests::faults::{peers::Run, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_services() {
    let (seed, faults) = wanted();
    Run::prepare(seed, faults.div_ceil(5)).await.go().await.assert(seed);
}
