//! The commands of admins on the command line: what can be asked, and the Unix socket over which a running service answers.
//!
//! A client writes one line with a JSON object, and gets one line: `{"ok": …}` or `{"error": "…"}`. Only the user of the service
//! and root are answered.

mod request;
mod socket;

pub use self::request::{AdminRequest, perform};
pub use self::socket::{Socket, Unanswered, ask};
