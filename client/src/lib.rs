//! Reference client of it-se.me: finds the people of an address book on XMPP without
//! showing that address book to anybody.
//!
//! It talks to the service natively, in stanzas, over the user's own XMPP connection.
//! Three layers, each usable without the one above:
//!
//! - [`Identity`] and [`AddressBook`] do what happens on the device: canonical forms and hashes;
//! - [`Session`] is one connection: a method per operation of the service, and the [`Event`]s that arrive;
//! - [`Agent`] behaves as a good client should: it returns codes by itself, answers people
//!   who are in the address book, and checks everybody who claims to be somebody.
//!
//! ```no_run
//! use itseme_client::{AddressBook, Agent, Answer, Options, Session, Store};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let session = Session::connect(Options {
//!     jid: "amy@example.org".parse()?,
//!     password: "secret".into(),
//!     service: "itseme.example.org".parse()?,
//!     server: None,
//! })
//! .await?;
//! let book = AddressBook::read("contacts.vcf".as_ref(), &["GB".parse()?])?;
//! let mut agent = Agent::new(session, book, Answer::Matched, Store::in_memory())?;
//!
//! agent.register("phone", "+49 170 1234567", false).await?;
//! while let Some(event) = agent.next_event().await {
//!     println!("{event}");
//! }
//! # Ok(())
//! # }
//! ```

mod addresses;
mod agent;
mod books;
mod connect;
mod element;
mod error;
mod event;
mod identity;
mod lines;
pub mod ns;
mod session;
mod state;
pub mod wire;
mod worker;

pub use agent::{Agent, AgentEvent, Answer, Introduced, Rejection};
pub use books::{AddressBook, BookError, Contact, Entry, Skipped};
pub use error::{Error, Limit};
pub use event::Event;
pub use identity::{Identity, IdentityError, details_from_json, details_to_json};
pub use itseme_identity::{InvalidId, Provider, Region};
pub use session::{Confirmed, How, Muted, Options, Registered, Scope, Service, Session, Status, ToSend};
pub use state::{State, StateError, Store};

pub use minidom;
pub use xmpp_parsers;
