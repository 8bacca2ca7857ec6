//! The arguments of the command line.

use std::{path::PathBuf, str::FromStr};

use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use itseme_client::{Identity, IdentityError, Region, xmpp_parsers::jid::BareJid};

/// Find the people of your address book on XMPP, without showing it to anybody.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "The password comes from --password-file or the variable ITSEME_CLIENT_PASSWORD.\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub struct Args {
    /// Your JID, such as amy@example.org
    #[arg(long, global = true)]
    pub jid: Option<BareJid>,
    /// The JID of the it-se.me service: its domain, or its account
    #[arg(long, global = true)]
    pub service: Option<BareJid>,
    /// Read the password from the first line of this file
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Connect to this loopback address without TLS, such as 127.0.0.1:5222
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub server: Option<String>,
    /// Remember between two runs what is proven and whom you asked for
    #[arg(long, global = true, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Link an identity to your JID: get a code sent, or a page to go on at
    Register {
        /// xmpp, email, phone, or an OAuth provider such as github
        provider: String,
        /// Your JID, address, number or user name there
        id: String,
        /// Ask for a new code although one is on its way
        #[arg(long)]
        resend: bool,
        /// Have the code read out in a call
        #[arg(long, conflicts_with = "send")]
        call: bool,
        /// Write a message to the service from there, instead of getting a code
        #[arg(long)]
        send: bool,
        /// Stay until the identity is linked; a code that comes by XMPP is returned by itself
        #[arg(long)]
        wait: bool,
    },
    /// Bring back a code: verify HASH CODE, or verify PROVIDER ID CODE
    Verify {
        /// The hash (or PROVIDER:ID) and the code, or provider, id and code
        #[arg(required = true, num_args = 2..=3, value_names = ["HASH|PROVIDER", "CODE|ID", "CODE"])]
        what: Vec<String>,
    },
    /// Ask to be introduced to everybody in an address book
    Introduce {
        /// A file (vCard, jCard, CSV, LDIF); only hashes of what is in it leave this machine
        book: PathBuf,
        /// Read numbers without a country code as they are dialled there; by default where your own number is at home
        #[arg(long, value_name = "GB")]
        region: Option<Region>,
        /// Ask your own service alone, and not its peers
        #[arg(long)]
        here: bool,
    },
    /// Print what comes in, return codes, answer people who ask, and check those who answer
    Listen {
        /// A file (vCard, jCard, CSV, LDIF) to recognise people by
        #[arg(long, value_name = "BOOK.vcf")]
        book: Option<PathBuf>,
        /// Read numbers without a country code as they are dialled there; by default where your own number is at home
        #[arg(long, value_name = "GB", requires = "book")]
        region: Option<Region>,
        /// Stop after this time
        #[arg(long = "for", value_name = "SECONDS")]
        seconds: Option<u64>,
        /// The requesters to answer
        #[arg(long, value_enum, default_value = "matched")]
        answer: AnswerMode,
    },
    /// Ask whether all these identities belong to a JID
    Confirm {
        /// The JID
        whose: BareJid,
        /// Hashes, or identities such as phone:+4917012345678
        #[arg(required = true, value_name = "HASH|PROVIDER:ID")]
        named: Vec<Named>,
    },
    /// List what is linked to you
    Links,
    /// Remove links of yours
    #[command(group = ArgGroup::new("what").args(["named", "all"]).required(true))]
    Forget {
        /// Hashes, or identities such as phone:+4917012345678
        #[arg(value_name = "HASH|PROVIDER:ID")]
        named: Vec<Named>,
        /// Remove everything the service has about you
        #[arg(long)]
        all: bool,
    },
    /// Get no contact requests any more; whoever asks is not told
    #[command(group = ArgGroup::new("whom").args(["jids", "all"]).required(true))]
    Mute {
        /// Of these JIDs
        #[arg(value_name = "JID")]
        jids: Vec<BareJid>,
        /// Of anybody
        #[arg(long)]
        all: bool,
    },
    /// Get contact requests again
    #[command(group = ArgGroup::new("whom").args(["jids", "all"]).required(true))]
    Unmute {
        /// Of these JIDs
        #[arg(value_name = "JID")]
        jids: Vec<BareJid>,
        /// Of everybody, whoever was muted
        #[arg(long)]
        all: bool,
    },
    /// List whose contact requests do not reach you
    Mutes,
    /// Print the hash of an identity, without any connection
    Hash {
        /// xmpp, email, phone, or an OAuth provider such as github
        provider: String,
        /// The id there
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerMode {
    /// Those in the address book
    Matched,
    /// Those in the address book; ask about everybody else
    Ask,
    /// Nobody
    Never,
}

/// The meaning of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// 128 hex digits, in lower case.
    Hash(String),
    /// An identity, written with a colon.
    Identity(Identity),
}

impl Named {
    /// The hash, which is all that goes to the service.
    pub fn hash(&self) -> String {
        match self {
            Self::Hash(hash) => hash.clone(),
            Self::Identity(identity) => identity.hash(),
        }
    }
}

/// A number without its provider must not pass for a hash: nobody has that, and the answer would be wrong.
impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(':') {
            return text.parse().map(Self::Identity).map_err(|error: IdentityError| error.to_string());
        }
        match text.len() == 128 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => Ok(Self::Hash(text.to_ascii_lowercase())),
            false => {
                Err("expected PROVIDER:ID, such as phone:+4917012345678, or the 128 hex digits of a hash"
                    .into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    fn parses(command: &str, arguments: &[&str]) -> bool {
        Args::try_parse_from(["itseme-client", command].iter().chain(arguments)).is_ok()
    }

    #[test]
    fn hashes_and_identities_are_told_apart() {
        let named = |text: &str| text.parse::<Named>();
        assert_eq!(named(&"AB".repeat(64)), Ok(Named::Hash("ab".repeat(64))));
        assert!(named("xmpp:xmpp@example.com").unwrap().hash().starts_with("abce880ed2d448ab"));
        for wrong in ["", "+447700900123", "amy@example.org", "phone:12", &"ab".repeat(63), &"xy".repeat(64)]
        {
            assert!(named(wrong).is_err(), "{wrong}");
        }
        assert!(named("+447700900123").unwrap_err().contains("PROVIDER:ID"));
    }

    #[test]
    fn everything_is_forgotten_only_on_demand() {
        let forget = |arguments: &[&str]| parses("forget", arguments);
        assert!(forget(&["--all"]) && forget(&["phone:+447700900123"]));
        assert!(!forget(&[]) && !forget(&["+447700900123"]) && !forget(&["--all", "phone:+447700900123"]));
    }

    #[test]
    fn everybody_is_muted_only_on_demand() {
        for command in ["mute", "unmute"] {
            assert!(parses(command, &["--all"]) && parses(command, &["eve@example.org", "bob@example.org"]));
            assert!(!parses(command, &[]) && !parses(command, &["--all", "eve@example.org"]));
            assert!(!parses(command, &["a@b@c"]));
        }
    }
}
