//! The library of the integration tests: real servers on loopback, each with a folder of its own.
//!
//! A test starts a [`World`]: an XMPP server, a mail server, a stand-in for an SMS gateway and the service,
//! as the binary that was built. It then does what people do, with the reference client, over HTTP, or
//! (to be rude) with a [`RawClient`], and looks at what arrives; or it has a [`story`] played.
//!
//! Everything is stopped when the world is dropped, also by a test that fails; its logs are shown then.

mod authority;
mod bytes;
pub mod clients;
mod component_listener;
pub mod disk;
mod dns;
mod documented;
pub mod faults;
mod gateway;
mod html;
mod http;
mod kannel;
mod lasting;
mod log;
mod mail;
pub mod mail_programs;
mod names;
mod nginx;
pub mod oauth;
mod people;
mod ports;
mod postgres;
mod process;
mod prometheus;
mod proxy;
pub mod python;
mod raw;
mod refuser;
mod server;
mod service;
mod settings;
pub mod shapes;
mod slow;
mod smsc;
pub mod story;
mod text;
mod wait;
mod world;
pub mod xml;

pub use authority::Authority;
pub use bytes::{Needle, find};
pub use component_listener::{Component, ComponentListener};
pub use dns::Dns;
pub use documented::{DOCUMENTED, Documented};
pub use gateway::{Gateway, Sms};
pub use html::Form;
pub use http::{Http, Reply};
pub use itseme_client;
pub use itseme_client::minidom::Element;
pub use kannel::Kannel;
pub use log::Log;
pub use mail::{Mail, MailServer};
pub use nginx::Nginx;
pub use people::{AMY, EVE, MICHAEL, Person, hash};
pub use ports::free as free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use prometheus::Prometheus;
pub use proxy::{Cut, Proxy};
pub use raw::RawClient;
pub use server::{
    AMY_THERE, EVE_HERE, MICHAEL_HERE, Neighbours, Peered, Refusal, Rogue, Server, Servers, Site, ZOE_YONDER,
};
pub use service::Service;
pub use slow::SlowClient;
pub use smsc::Smsc;
pub use text::code_in;
pub use wait::{PATIENCE, until, until_async, within};
pub use world::{ACCOUNT, SERVICE, World, introduction, next_event, next_of_agent};
