//! Tests that run on each XMPP server, for each behaves in its own way.

mod clients;
mod example_python;
mod example_web;
mod faults;
mod floods;
mod harness;
pub mod hostile;
pub mod instances;
mod languages;
mod mute;
mod native_errors;
mod reconnect;
mod service;
mod slixmpp;
mod spellings;
mod story_http;
mod story_native;
