//! Benchmarks of it-se.me: what the programs share.
//!
//! Files of the integration tests are taken one by one: their package brings the client along, whose `xmpp-parsers` must not be
//! built with the components' part that the echo component needs.

pub mod baseline;
pub mod cli;
mod http;
mod iqs;
mod link;
#[allow(dead_code, clippy::expect_used)]
#[path = "../../tests/src/log.rs"]
mod log;
mod measure;
mod one_by_one;
pub mod population;
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../../tests/src/ports.rs"]
mod ports;
#[allow(dead_code, clippy::expect_used, clippy::panic)]
#[path = "../../tests/src/process.rs"]
mod process;
mod program;
pub mod report;
pub mod rows;
mod server;
pub mod stage;
mod stanzas;
#[allow(dead_code, clippy::panic)]
#[path = "../../tests/src/wait.rs"]
mod wait;

pub use iqs::confirmed;
