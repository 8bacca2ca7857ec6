//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use itseme_identity::{BareJid, Region};

use crate::telemetry::LogFormat;

/// Contact lookup for XMPP that does not know who is who: an external component (XEP-0114) for Prosody or ejabberd, with
/// an HTTP API.
#[derive(Debug, Parser)]
#[command(name = "itseme", version, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// The configuration file; component.toml.example explains every key
    #[arg(short, long, value_name = "FILE", default_value = "component.toml", global = true)]
    pub config: PathBuf,

    /// Sets a key, over the file and the environment, like limits.codes_per_day=7
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value, global = true)]
    pub overrides: Vec<(String, String)>,

    /// What to log: error, warn, info, debug, trace, or itseme=debug; RUST_LOG says the same
    #[arg(long, value_name = "FILTER", global = true)]
    pub log: Option<String>,

    /// How to log
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log_format: LogFormat,

    /// What to do; without a command: run
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves until SIGTERM or Ctrl-C
    Run,
    /// Says what is wrong with the configuration, and whether XMPP server, database, SMTP server, gateway and providers answer;
    /// changes nothing
    Check {
        /// Also try the component's domain and secret. Not while the service runs: servers may disconnect it, or send this
        /// connection what was meant for it
        #[arg(long)]
        login: bool,
        /// Also send a test message to this account, and say whether it comes back. Stop the service first, and let the XMPP server
        /// run: while the service is connected, Prosody refuses this connection or ends the service's
        /// (component_conflict_resolve), ejabberd and jabberd2 may give the service what comes back
        #[arg(long, value_name = "JID")]
        deliver: Option<BareJid>,
    },
    /// Makes a new key and puts everything in the database under it, whether the service runs or not: when a key may have
    /// been seen by somebody. If it is interrupted, nothing is lost; call it again
    Rekey,
    /// Prints the hash of an identity. Needs no configuration
    #[command(after_help = HASH_EXAMPLES)]
    Hash {
        /// Where its owner's phone is, in two letters (ISO 3166-1): a number without + is read as it is dialled there
        #[arg(long, value_name = "GB")]
        region: Option<Region>,

        /// Prints how the id was read, step by step, and its aliases with their hashes
        #[arg(long)]
        explain: bool,

        /// xmpp, email, phone, or the name of an OAuth provider
        provider: String,

        /// The id there, like name@example.org or +447700900123, or a URI of it
        #[arg(required = true)]
        id: Vec<String>,
    },
}

const HASH_EXAMPLES: &str = "Examples:
  itseme hash email name@example.org
  itseme hash phone '+44 (0)7700 900123'
  itseme hash --region GB --explain phone 07700 900123";

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected KEY=VALUE, like component.server=127.0.0.1:5347".into()),
    }
}
