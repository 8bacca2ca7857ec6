//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use itseme_identity::{BareJid, Region};
use secrecy::{ExposeSecret, SecretString};

use crate::operator::AdminRequest;
use crate::section;
use crate::store::Database;
use crate::telemetry::LogFormat;
use crate::version::VERSION;

/// Contact lookup for XMPP that does not know who is who: an external component (XEP-0114) for Prosody, ejabberd
/// and jabberd2, with an HTTP API.
#[derive(Clone, Debug, Parser)]
#[command(name = "itseme", version = VERSION, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// The configuration file; component.toml.example explains every key. Default: component.toml in the current folder, or
    /// /etc/itseme/component.toml if there is none
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Sets a key, over the file and the environment, like limits.codes_per_day=7
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value, global = true)]
    pub overrides: Vec<(String, String)>,

    /// Level or filter of the log: error, warn, info, debug, trace, or itseme=debug; RUST_LOG does the same
    #[arg(long, value_name = "FILTER", global = true)]
    pub log: Option<String>,

    /// Format of the log
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log_format: LogFormat,

    /// The command; default: run
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Returns the configuration file: the named one, that of the current folder, or that of the package.
    pub fn config_file(&self) -> &Path {
        let default = || {
            let here = Path::new("component.toml");
            if here.exists() { here } else { Path::new(PACKAGED) }
        };
        self.config.as_deref().unwrap_or_else(default)
    }
}

/// The configuration file of the package.
const PACKAGED: &str = "/etc/itseme/component.toml";

/// The commands of the program.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serves until SIGTERM or Ctrl-C; SIGHUP has it read the configuration again
    Run,
    /// Reports faults of the configuration, and tries XMPP server, database, SMTP server, gateway and providers;
    /// changes nothing
    Check {
        /// Also tries the component's domain and secret. Not while the service runs: servers may disconnect it, or send
        /// its stanzas to this connection
        #[arg(long)]
        login: bool,
        /// Also sends a test message to this account, and reports if it comes back. Stop the service first, and keep the XMPP
        /// server running: while the service is connected, Prosody refuses this connection or ends the service's
        /// (component_conflict_resolve); ejabberd and jabberd2 may return the message to the service
        #[arg(long, value_name = "JID")]
        deliver: Option<BareJid>,
        /// Prints one JSON document: {"ok": …, "findings": [{"subject": …, "ok": …, "message": …}]}
        #[arg(long)]
        json: bool,
    },
    /// Asks the running service, or the database while it is stopped. Call it as the user of the service, or as root
    Admin {
        /// Prints the answer as JSON
        #[arg(long, global = true)]
        json: bool,
        /// The command
        #[command(subcommand)]
        request: AdminRequest,
    },
    /// Makes a new key and puts the whole database under it, while the service runs or not: for when somebody may have seen
    /// the key. After an interruption nothing is lost; call it again
    Rekey,
    /// Copies the database to another one, of SQLite or PostgreSQL, while the service is stopped, and compares both. Call it as the
    /// user of the service. After an interruption, call it again: it goes on where it was. The other database must be new
    #[command(after_help = MOVE_EXAMPLES)]
    Move(Ends),
    /// Copies the database (SQLite) to a new file, while the service runs or not, and checks the copy
    Backup {
        /// The new file
        file: PathBuf,
        /// Also copies the key to this new file. Keep it apart from the other: with both, everything can be read
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Puts a backup in the place of the database (SQLite), while the service is stopped. Call it as the user of the service
    Restore {
        /// The file that itseme backup has made
        file: PathBuf,
        /// Also puts the key from this file in its place, unless it is there already
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Replaces a database that is there, and a key: what was stored since the backup is lost
        #[arg(long)]
        force: bool,
    },
    /// Prints what a shell needs to complete the command line. Needs no configuration
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes man pages, of the program and of each command. Needs no configuration
    Man {
        /// The folder, like /usr/local/share/man/man1
        folder: PathBuf,
    },
    /// Prints the hash of an identity. Needs no configuration
    #[command(after_help = HASH_EXAMPLES)]
    Hash {
        /// The region of its owner's phone, in two letters (ISO 3166-1): a number without + is read as it is dialled there
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

/// The databases of a move.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Ends {
    /// The database to copy, as store.url names it; default: the configured one. Other users of this machine can see a password
    /// that stands here
    #[arg(long, value_name = "URL", conflicts_with = "from_file")]
    pub from: Option<String>,

    /// The file with that URL, as store.url_file names it
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,

    /// The new database, as store.url names it; default: the configured one
    #[arg(long, value_name = "URL", conflicts_with = "to_file")]
    pub to: Option<String>,

    /// The file with that URL, as store.url_file names it
    #[arg(long, value_name = "FILE")]
    pub to_file: Option<PathBuf>,
}

impl Ends {
    /// Returns the named databases: the one to copy, and the new one.
    ///
    /// # Errors
    /// If no engine knows a URL, or its file cannot be read; without the URL.
    pub fn databases(&self) -> Result<(Option<Database>, Option<Database>), String> {
        let read = |name: &str, url: &Option<String>, file: &Option<PathBuf>| {
            let url = url.as_deref().map(SecretString::from);
            let url = section::secret(name, &url, file).map_err(|error| error.to_string())?;
            let database = url.map(|url| Database::of_url(url.expose_secret()));
            database.transpose().map_err(|reason| format!("{name}: {reason}"))
        };
        Ok((
            read("--from", &self.from, &self.from_file)?,
            read("--to", &self.to, &self.to_file)?,
        ))
    }
}

const COMPLETIONS_EXAMPLES: &str = "Examples:
  itseme completions bash > /etc/bash_completion.d/itseme
  itseme completions zsh > /usr/local/share/zsh/site-functions/_itseme
  itseme completions fish > ~/.config/fish/completions/itseme.fish";

const MOVE_EXAMPLES: &str = "Examples:
  itseme move --to-file new-url               the configured database to the one whose URL the file has
  itseme move --to 'postgres:///itseme?host=/run/postgresql'
  itseme move --from sqlite:itseme.db         to the configured database
  itseme move --to sqlite:/var/lib/itseme/itseme.db";

const HASH_EXAMPLES: &str = "Examples:
  itseme hash email name@example.org
  itseme hash phone '+44 (0)7700 900123'
  itseme hash --region GB --explain phone 07700 900123";

/// Returns what a shell needs to complete the command line.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "itseme", &mut script);
    script
}

/// Writes man pages to a folder, of the program and of each command.
///
/// # Errors
/// If a file cannot be written.
pub fn man_pages(folder: &Path) -> Result<(), String> {
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected KEY=VALUE, like component.server=127.0.0.1:5347".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::Command as Program;

    use clap::ValueEnum;

    use super::*;

    /// The names of the commands.
    fn commands() -> Vec<String> {
        let command = Cli::command();
        command
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect()
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).unwrap();
            for command in commands() {
                assert!(script.contains(&command), "{shell}: {command}");
            }
        }
    }

    #[test]
    fn bash_completes_commands_and_options() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("itseme");
        std::fs::write(&script, completions(Shell::Bash)).unwrap();
        let completed = |words: &str, last: &str, before: &str| {
            let count = words.split(' ').count() - 1;
            let run = format!(
                "set -u; source '{}'; COMP_WORDS=({words}); COMP_CWORD={count}; _itseme itseme '{last}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
                script.display()
            );
            let output = Program::new("bash").args(["--norc", "-c", &run]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        assert_eq!(completed("itseme ba", "ba", "itseme"), "backup");
        assert_eq!(completed("itseme restore --fo", "--fo", "restore"), "--force");
    }

    #[test]
    fn every_command_has_a_man_page_with_its_options() {
        let folder = tempfile::tempdir().unwrap();
        man_pages(folder.path()).unwrap();
        let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(page("itseme.1").contains(".TH itseme 1"));
        for command in commands() {
            page(&format!("itseme-{command}.1"));
        }
        assert!(page("itseme-restore.1").contains("\\-\\-force"));
        assert!(
            man_pages(&folder.path().join("nowhere"))
                .unwrap_err()
                .contains("nowhere")
        );
    }
}
