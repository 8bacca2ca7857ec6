//! What strangers send through a server that relays everything, and HTTP requests that no client would make: whatever it is, each
//! request is answered once, and nothing ends the service or its connection. The servers that there are relay less:
//! `each_server::hostile`.

mod names;
mod relayed;
mod requests;
mod senders;

use crate::each_server::hostile::{generator, goes_on, still_works};
