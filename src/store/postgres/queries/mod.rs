//! The port's questions and changes as SQL.

mod copy;
mod keys;
mod links;
mod mutes;
mod outbox;
mod pending;
mod quota;
mod subscribers;
mod suppressions;
mod tokens;
mod upkeep;

pub use self::outbox::{claim, claim_row, release, release_others, release_queue};
use super::session::Session;
use super::value::{get, values};
use crate::model::Mac;
use crate::store::{Read, Result, Write};

/// Returns the names of the other instances that do not have the next key that is known by `next`.
pub fn instances_without(session: &Session<'_>, next: &Mac) -> Result<Vec<String>> {
    let sql = "SELECT name FROM instances WHERE number <> $1 AND next_key IS DISTINCT FROM $2 ORDER BY name";
    session.all(sql, values![session.holder, next], |row| get(row, "name"))
}

impl Read for Session<'_> {}

impl Write for Session<'_> {}

impl Session<'_> {
    /// The value of that name in `meta`.
    pub fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.one("SELECT value FROM meta WHERE name = $1", values![name], |row| {
            get(row, "value")
        })
    }

    /// Puts a value into `meta`.
    pub fn put_meta(&self, name: &str, value: &[u8]) -> Result<()> {
        let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
        self.later(sql, values![name, value])
    }

    /// Removes values from `meta`.
    pub fn delete_meta(&self, names: &[&str]) -> Result<()> {
        let delete = |name: &&str| self.later("DELETE FROM meta WHERE name = $1", values![*name]);
        names.iter().try_for_each(delete)
    }
}
