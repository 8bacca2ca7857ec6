//! People with any client: chat, forms, in-band registration, search, presence, and what is remembered of them for a while.

pub mod chat;
pub mod clients;
pub mod commands;
pub mod form;
pub mod last_sent;
pub mod loop_guard;
pub mod presence;
mod recent;
pub mod registration;
pub mod search;
pub mod words;
