//! it-se.me: contact lookup for XMPP, by hashes only.
//!
//! Layers, of which nothing imports what is above it: `main → app → {xmpp, http, outbox, inbox} → service → provider → {store,
//! channel} ports → model → language`.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod admin;
pub mod app;
pub mod backup;
pub mod channel;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod core_dumps;
pub mod descriptors;
pub mod dial;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
pub mod hash;
pub mod health;
pub mod http;
pub mod inbox;
pub mod json;
pub mod keyfile;
pub mod language;
#[cfg(test)]
mod layers;
pub mod listen;
pub mod meters;
pub mod model;
pub mod monitor;
pub mod moving;
pub mod notify;
pub mod operator;
pub mod outbox;
pub mod own_socket;
pub mod own_thread;
pub mod private;
pub mod provider;
pub mod rekey;
pub mod run;
pub mod section;
pub mod service;
pub mod signals;
pub mod store;
pub mod telemetry;
pub mod version;
pub mod xmpp;
