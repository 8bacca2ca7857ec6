//! The rows.

mod delivery;
mod http;
mod matching;
mod peers;
mod postgres;
mod reading;
mod register;
mod resources;
mod work;
mod xmpp;

use anyhow::Result;
use clap::ValueEnum;

use crate::server::Kind;
use crate::stage::Stage;

/// What can be measured, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// GET /v1/confirm beside a bare warp route that returns the same bytes
    Confirm,
    /// POST /v1/confirm with 500 hashes beside 500 bare look-ups by rusqlite in one thread
    ConfirmMany,
    /// the answer to POST /v1/contact with 100 hashes, 64 clients, durable
    Contact,
    /// the worker matching 100 hashes beside 100 bare look-ups, and the same plus 100 inserts
    Matching,
    /// requests of 100 hashes that a peer passes on, until they are matched, beside those of the own people
    Peers,
    /// confirm by XMPP beside the smallest echo component that can be written with tokio-xmpp
    Native,
    /// confirm by XMPP through Prosody, beside the echo component there
    Prosody,
    /// confirm by XMPP through ejabberd, beside the echo component there
    Ejabberd,
    /// the 99th percentile of a confirm by XMPP through Prosody, beside the median, while others send what needs no answer;
    /// at Prosody's defaults, and with nagle = false
    Prompt,
    /// register and verify a Jabber ID, 64 clients, durable
    Register,
    /// the processor's time that the service takes for a request, until nothing of it is left to do
    Work,
    /// the 99th percentile of a confirm by XMPP while 64 clients write
    Latency,
    /// the same look-ups in databases of different sizes
    Size,
    /// the time from the start of the program until it is connected and serves, beside that without links
    Start,
    /// the most memory that the service has had: idle, and while everything is asked of it at once
    Memory,
    /// the disk that a link takes beside the bytes of its columns
    Disk,
    /// canonical forms and hashes of an address book's numbers, beside libphonenumber's bare parse of the same
    Reading,
    /// delivering 10,000 queued contact messages through Prosody, beside the echo component writing as many
    Delivery,
    /// confirm, confirm-many, contact and register over PostgreSQL beside the same over SQLite, and the first two beside the same
    /// statements by bare tokio-postgres; confirm by two instances beside one, with the database's share of the processor
    Postgres,
}

impl Row {
    /// Measures it, and reports what was found.
    pub async fn run(self, stage: &Stage) -> Result<()> {
        match self {
            Self::Confirm => http::confirm(stage).await,
            Self::ConfirmMany => http::confirm_many(stage).await,
            Self::Contact => http::contact(stage).await,
            Self::Matching => matching::run(stage).await,
            Self::Peers => peers::run(stage).await,
            Self::Native => xmpp::direct(stage).await,
            Self::Prosody => xmpp::through(stage, Kind::Prosody).await,
            Self::Ejabberd => xmpp::through(stage, Kind::Ejabberd).await,
            Self::Prompt => xmpp::prompt(stage).await,
            Self::Register => register::run(stage).await,
            Self::Work => work::run(stage).await,
            Self::Latency => xmpp::while_others_write(stage).await,
            Self::Size => http::sizes(stage).await,
            Self::Start => resources::start(stage).await,
            Self::Memory => resources::memory(stage).await,
            Self::Disk => resources::disk(stage).await,
            Self::Reading => reading::run(stage).await,
            Self::Delivery => delivery::run(stage).await,
            Self::Postgres => postgres::run(stage).await,
        }
    }
}
