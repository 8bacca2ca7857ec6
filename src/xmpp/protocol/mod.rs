//! The words of the protocol: namespaces, payloads, errors, and how the service describes itself. No I/O.

pub mod about;
pub mod answer;
pub mod bounce;
pub mod caps;
pub mod entities;
pub mod error;
pub mod host;
pub mod ns;
pub mod offer;
pub mod presentation;
pub mod stanza;
