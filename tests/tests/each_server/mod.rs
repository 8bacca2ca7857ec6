//! Tests that run on each XMPP server, for each behaves in its own way.

mod api_document;
mod clients;
mod codes;
mod example_python;
mod example_web;
mod faults;
mod floods;
mod harness;
mod hostile;
mod languages;
mod membership;
mod mute;
mod native_errors;
mod privacy;
mod reconnect;
mod service;
mod slixmpp;
mod spellings;
mod story_http;
mod story_native;
