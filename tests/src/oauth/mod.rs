//! Signing in at somebody else's: authorization servers on loopback, and a real browser that goes there.
//!
//! [`Provider`] is one of two real servers, [`Rogue`] one that misbehaves. They redirect to the service, so
//! they have to know where it will be: take a [`free_port`](crate::free_port), start the providers, and then a
//! [`World`](crate::World) on that port, with their URLs in its configuration.

mod browser;
mod programs;
mod provider;
mod rogue;

pub use browser::{Browser, Consent, Page};
pub use provider::{CLIENT_ID, CLIENT_SECRET, Provider, USERS};
pub use rogue::{Asked, Mode, Rogue};
