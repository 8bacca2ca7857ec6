//! Databases with many links.
//!
//! The first links belong to a few people who have [`TOGETHER`] each, to ask about many hashes of one person. Any other link `n` belongs
//! to `person{n}`, and is about that Jabber ID.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use itseme::config::StoreConfig;
use itseme::keyfile;
use itseme::model::seal::Purpose;
use itseme::model::{BareJid, Hash, Identity, Keys, Mac};
use rand::RngExt;
use rusqlite::{Connection, ToSql};
use serde_json::json;

use crate::baseline;
use crate::build::until;
use crate::postgres::Postgres;
use crate::server::ASKERS;

/// Links of a person who has many.
pub const TOGETHER: u64 = 500;
/// Of so many links, one person has many.
const ONE_IN: u64 = 50_000;
/// A larger database is indexed when all links are there, and used where it is kept.
pub const LARGE: u64 = 20_000_000;
/// Servers that the people are of.
const SERVERS: u64 = 1000;
/// A link's box holds a multiple of so many bytes.
const PADDED_TO: usize = 32;

/// The people of a database, the same for every database of that size.
#[derive(Clone, Copy, Debug)]
pub struct People {
    links: u64,
    rich: u64,
    domain: Option<&'static str>,
}

/// A link.
#[derive(Clone, Debug)]
pub struct Linked {
    pub target: BareJid,
    pub hash: Hash,
}

impl People {
    /// People of many servers, who have so many links.
    pub fn new(links: u64) -> Self {
        Self { links, rich: (links / ONE_IN).max(2), domain: None }
    }

    /// So many people of the domain that questions come from, each with the own JID linked.
    pub fn askers(people: u64) -> Self {
        Self { links: people, rich: 0, domain: Some(ASKERS) }
    }

    /// The link of that number.
    pub fn link(self, n: u64) -> Result<Linked> {
        let who = n / TOGETHER;
        if who < self.rich {
            let target = BareJid::new(&format!("rich{who}@{}", domain(0)))?;
            return Ok(Linked { target, hash: Hash::of("phone", &format!("+49170{n:08}")) });
        }
        let domain = self.domain.map_or_else(|| domain(n % SERVERS), str::to_owned);
        let target = BareJid::new(&format!("person{n}@{domain}"))?;
        Ok(Linked { hash: Identity::of_jid(&target).hash(), target })
    }

    /// Any link.
    pub fn any(self) -> Result<Linked> {
        self.link(rand::rng().random_range(0..self.links))
    }

    /// Anybody whose own JID is linked.
    pub fn anybody(self) -> Result<Linked> {
        self.link(rand::rng().random_range(self.rich * TOGETHER..self.links))
    }

    /// The hashes of so many people, and as many that nobody has.
    pub fn hashes(self, known: usize, unknown: usize) -> Result<Vec<Hash>> {
        let known = (0..known).map(|_| Ok(self.anybody()?.hash));
        known.chain((0..unknown).map(|_| Ok(self::unknown()))).collect()
    }

    /// Each person who has many links, and the hashes of all of them.
    pub fn rich(self) -> impl Iterator<Item = Result<(BareJid, Vec<Hash>)>> {
        (0..self.rich).map(move |who| {
            let numbers = who * TOGETHER..(who + 1) * TOGETHER;
            let hashes = numbers.clone().map(|n| Ok(self.link(n)?.hash)).collect::<Result<_>>()?;
            Ok((self.link(numbers.start)?.target, hashes))
        })
    }
}

fn domain(server: u64) -> String {
    format!("server{server}.example.org")
}

/// The domains of all people.
pub fn servers() -> impl Iterator<Item = String> {
    (0..SERVERS).map(domain).chain([ASKERS.to_owned()])
}

/// A hash that nobody has.
pub fn unknown() -> Hash {
    Hash::from(std::array::from_fn(|_| rand::random()))
}

/// A folder with a database and its key.
#[derive(Clone, Debug)]
pub struct Data {
    pub folder: PathBuf,
    /// Whose links it has.
    pub people: People,
    /// The server of PostgreSQL that has the database, if it is not in the folder.
    pub postgres: Option<Arc<Postgres>>,
}

impl Data {
    /// Where the service finds the database.
    pub fn url(&self) -> String {
        match &self.postgres {
            Some(server) => server.url(),
            None => format!("sqlite:{}", self.database().display()),
        }
    }

    /// The key.
    pub fn key(&self) -> PathBuf {
        self.folder.join("itseme.key")
    }

    /// The database, in SQLite.
    pub fn database(&self) -> PathBuf {
        self.folder.join("itseme.db")
    }

    /// The keys.
    pub fn keys(&self) -> Result<Keys> {
        let config: StoreConfig = serde_json::from_value(json!({
            "url": self.url(),
            "key_file": self.key(),
        }))?;
        Ok(Keys::new(&keyfile::load_or_make(&config).map_err(|error| anyhow!(error))?))
    }

    /// The ids of the hashes of each list.
    pub fn ids(&self, lists: impl Iterator<Item = Result<Vec<Hash>>>) -> Result<Vec<Vec<Mac>>> {
        let keys = self.keys()?;
        lists.map(|hashes| Ok(hashes?.iter().map(|hash| keys.id(hash)).collect())).collect()
    }

    /// The version of the database's schema.
    pub fn schema(&self) -> Result<i64> {
        Ok(Connection::open(self.database())?.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// A copy in the folder `to`.
    pub fn copy(&self, to: PathBuf) -> Result<Self> {
        let copy = Self { folder: to, ..self.clone() };
        fs::create_dir_all(&copy.folder)?;
        for (from, to) in [(self.database(), copy.database()), (self.key(), copy.key())] {
            fs::copy(from, &to)?;
            fs::File::open(to)?.sync_all()?;
        }
        Ok(copy)
    }

    /// Waits until the hashes of every contact request were looked up.
    pub async fn matched(&self) -> Result<()> {
        let Some(server) = &self.postgres else {
            let reader = baseline::reader(&self.database())?;
            return until(async || baseline::waiting(&reader).is_ok_and(|(_, requests)| requests == 0)).await;
        };
        let client = server.connect().await?;
        let waits = "SELECT FROM outbox WHERE queue = 0 LIMIT 1";
        until(async || client.query(waits, &[]).await.is_ok_and(|rows| rows.is_empty())).await
    }

    /// Waits until nothing is left to send or to look up.
    pub async fn settled(&self) -> Result<()> {
        let reader = baseline::reader(&self.database())?;
        until(async || baseline::waiting(&reader).is_ok_and(|waiting| waiting == (0, 0))).await
    }

    /// Puts the people's links into an empty database.
    pub fn populate(&self) -> Result<()> {
        let database = Connection::open(self.database())?;
        // If it breaks off, nothing is lost: it is made anew.
        database.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -3000000; PRAGMA locking_mode = EXCLUSIVE;",
        )?;
        // Each row of a large table would change pages of indexes that are not in memory any more.
        let indexes = if self.people.links > LARGE { take_indexes(&database)? } else { String::new() };
        let transaction = database.unchecked_transaction()?;
        self.insert(&transaction)?;
        transaction.execute_batch(&indexes)?;
        transaction.commit()?;
        drop(database);
        // As the service leaves it.
        drop(baseline::writer(&self.database())?);
        Ok(())
    }

    fn insert(&self, database: &Connection) -> Result<()> {
        // Before there were proofs, boxes opened in any row.
        let has_proofs = database.column_exists(None, "links", "proof")?;
        let keys = if has_proofs { self.keys()? } else { self.keys()?.unbound() };
        let (column, value) = if has_proofs { (", proof", ", ?") } else { ("", "") };
        let mut insert = database.prepare(&format!(
            "INSERT INTO links (id_mac, owner_mac, box, verified_on{column}) VALUES (?, ?, ?, ?{value})"
        ))?;
        for n in 0..self.people.links {
            if n % 250_000 == 0 {
                eprintln!("  populating a database: {n} of {} links", self.people.links);
            }
            let Linked { target, hash } = self.people.link(n)?;
            let (id, owner) = (keys.id(&hash), keys.owner(&target));
            let mut plain = [hash.as_bytes().as_slice(), format!("{target}\0en").as_bytes()].concat();
            plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
            let sealed = keys.seal(Purpose::Link { id: &id, owner: &owner }, &plain, &mut rand::rng());
            let (verified_on, proof) = (20_000 + n % 365, keys.proof(&id, &owner));
            let row: [&dyn ToSql; 5] = [&id, &owner, &sealed, &verified_on, &proof];
            insert.execute(&row[..4 + usize::from(has_proofs)])?;
        }
        Ok(())
    }
}

/// Drops the indexes of links, and returns the statements that make them.
fn take_indexes(database: &Connection) -> Result<String> {
    let indexes = "SELECT group_concat('DROP INDEX ' || name, ';'), group_concat(sql, ';') FROM sqlite_schema
        WHERE type = 'index' AND tbl_name = 'links' AND sql IS NOT NULL";
    let (drop, make): (String, String) = database.query_row(indexes, [], |row| row.try_into())?;
    eprintln!("  populating a database: at the end {make}");
    database.execute_batch(&drop)?;
    Ok(make)
}
