//! Databases with many links, made once and kept.
//!
//! Link `n` is that of `person{n}`, whose Jabber ID is linked to itself, but for some links of a few JIDs that have
//! [`TOGETHER`] each, so that there is somebody to confirm many hashes of. Theirs lie apart from each other, as they would if
//! they had come one by one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use itseme::config::StoreConfig;
use itseme::keyfile;
use itseme::model::seal::Purpose;
use itseme::model::{BareJid, Hash, Identity, Keys, Mac};
use itseme::store::sqlite::SqliteStore;
use rand::RngExt;
use rusqlite::{Connection, params};
use serde_json::json;

/// Links of somebody who has many.
pub const TOGETHER: u64 = 500;
/// Of so many links, one person has many.
const ONE_IN: u64 = 50_000;
/// Links that are written at once.
const AT_ONCE: u64 = 250_000;
/// Servers that the people are of.
const SERVERS: u64 = 1000;
/// Boxes of links hold a multiple of so many bytes.
const PADDED_TO: usize = 32;

/// What the people of a database are, which is the same for every database of that size.
#[derive(Clone, Copy, Debug)]
pub struct People {
    links: u64,
}

/// A link.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Whose.
    pub target: BareJid,
    /// Of what.
    pub hash: Hash,
}

impl People {
    /// Those of a database with so many links.
    pub fn of(links: u64) -> Self {
        Self { links }
    }

    /// How many have many links.
    pub fn rich(self) -> u64 {
        (self.links / ONE_IN).max(2)
    }

    fn step(self) -> u64 {
        self.links / (self.rich() * TOGETHER)
    }

    /// Link `n`.
    ///
    /// # Errors
    /// Never, but for a bug.
    pub fn link(self, n: u64) -> Result<Linked> {
        let (which, is_between) = (n / self.step(), !n.is_multiple_of(self.step()));
        if is_between || which >= self.rich() * TOGETHER {
            let target = person(n)?;
            let hash = Identity::of_jid(&target).hash();
            return Ok(Linked { target, hash });
        }
        let target = jid(&format!("rich{}", which % self.rich()), 0)?;
        Ok(Linked { target, hash: Hash::of("phone", &format!("+49170{which:08}")) })
    }

    /// Some link.
    ///
    /// # Errors
    /// Never, but for a bug.
    pub fn any(self) -> Result<Linked> {
        self.link(rand::rng().random_range(0..self.links))
    }

    /// Somebody whose own JID is linked.
    ///
    /// # Errors
    /// Never, but for a bug.
    pub fn anybody(self) -> Result<Linked> {
        loop {
            let linked = self.any()?;
            if Identity::of_jid(&linked.target).hash() == linked.hash {
                return Ok(linked);
            }
        }
    }

    /// Who has many links, and all of them.
    ///
    /// # Errors
    /// Never, but for a bug.
    pub fn one_with_many(self, which: u64) -> Result<(BareJid, Vec<Hash>)> {
        let links = (0..TOGETHER).map(|n| self.link((which % self.rich() + n * self.rich()) * self.step()));
        let links: Vec<Linked> = links.collect::<Result<_>>()?;
        let target = links.first().context("nobody has links")?.target.clone();
        Ok((target, links.into_iter().map(|link| link.hash).collect()))
    }
}

/// A person of any database.
fn person(n: u64) -> Result<BareJid> {
    jid(&format!("person{n}"), n % SERVERS)
}

fn jid(name: &str, server: u64) -> Result<BareJid> {
    Ok(BareJid::new(&format!("{name}@{}", domain(server)))?)
}

fn domain(server: u64) -> String {
    format!("server{server}.example.org")
}

/// The domains of all people.
pub fn servers() -> impl Iterator<Item = String> {
    (0..SERVERS).map(domain)
}

/// A hash that nobody has.
pub fn unknown() -> Hash {
    Hash::from(std::array::from_fn(|_| rand::random()))
}

/// A folder with a database and its key.
#[derive(Clone, Debug)]
pub struct Data {
    folder: PathBuf,
    /// Whose links it has.
    pub people: People,
}

impl Data {
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("itseme.db")
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The keys.
    ///
    /// # Errors
    /// If there are none.
    pub fn keys(&self) -> Result<Keys> {
        let config: StoreConfig = serde_json::from_value(json!({
            "url": format!("sqlite:{}", self.database().display()),
            "key_file": self.folder.join("itseme.key"),
        }))?;
        Ok(Keys::new(&keyfile::load_or_make(&config).map_err(|error| anyhow!(error))?))
    }

    /// The database with so many links that is kept in `folder`; it is made if it is not there, or of an older version: one that
    /// was brought up to date would have other pages.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn kept(folder: &Path, links: u64) -> Result<Self> {
        let kept = Self { folder: folder.join(links.to_string()), people: People::of(links) };
        if kept.folder.exists() && !kept.is_outdated()? {
            return Ok(kept);
        }
        let _ = fs::remove_dir_all(&kept.folder);
        let draft = Self { folder: folder.join(format!("{links}.draft")), ..kept.clone() };
        let _ = fs::remove_dir_all(&draft.folder);
        fs::create_dir_all(&draft.folder)?;
        draft.populate()?;
        fs::rename(&draft.folder, &kept.folder)?;
        Ok(kept)
    }

    /// Some database, of which nobody asks whose links it has.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, people: People::of(0) }
    }

    /// The same in another folder, where a copy was made before.
    pub fn at(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), people: self.people }
    }

    /// A copy to work with.
    ///
    /// # Errors
    /// If there is no room.
    pub fn copy(&self, to: &Path) -> Result<Self> {
        fs::create_dir_all(to)?;
        for file in ["itseme.db", "itseme.key"] {
            fs::copy(self.folder.join(file), to.join(file)).with_context(|| format!("a copy of {file}"))?;
            fs::File::open(to.join(file))?.sync_all()?;
        }
        Ok(self.at(to))
    }

    fn is_outdated(&self) -> Result<bool> {
        let version = |database: &Path| -> Result<i64> {
            Ok(Connection::open(database)?.pragma_query_value(None, "user_version", |row| row.get(0))?)
        };
        let folder = tempfile::tempdir()?;
        let new = folder.path().join("itseme.db");
        drop(SqliteStore::open(&new, self.keys()?.check())?);
        Ok(version(&self.database())? != version(&new)?)
    }

    fn populate(&self) -> Result<()> {
        let keys = self.keys()?;
        drop(SqliteStore::open(&self.database(), keys.check())?);
        let database = Connection::open(self.database())?;
        // Nothing is lost if it breaks off: it is made anew.
        database.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -3000000; PRAGMA locking_mode = EXCLUSIVE;",
        )?;
        let links = self.people.links;
        for start in (0..links).step_by(usize::try_from(AT_ONCE)?) {
            eprintln!("  populating a database: {start} of {links} links");
            self.write(&database, &keys, start..links.min(start + AT_ONCE))?;
        }
        drop(database);
        // As the service leaves it.
        drop(SqliteStore::open(&self.database(), keys.check())?);
        Ok(())
    }

    fn write(&self, database: &Connection, keys: &Keys, range: std::ops::Range<u64>) -> Result<()> {
        let transaction = database.unchecked_transaction()?;
        let mut insert = transaction.prepare(
            "INSERT INTO links (id_mac, owner_mac, proof, box, verified_on) VALUES (?, ?, ?, ?, ?)",
        )?;
        for n in range {
            let link = self.people.link(n)?;
            let (id, owner): (Mac, Mac) = (keys.id(&link.hash), keys.owner(&link.target));
            let (proof, sealed) = (keys.proof(&id, &owner), sealed(keys, &link, (&id, &owner)));
            insert.execute(params![id, owner, proof, sealed, 20_000 + n % 365])?;
        }
        drop(insert);
        transaction.commit()?;
        Ok(())
    }
}

/// A link's box, as the service makes it.
fn sealed(keys: &Keys, link: &Linked, (id, owner): (&Mac, &Mac)) -> Vec<u8> {
    let text = format!("{}\0en", link.target);
    let mut plain = [link.hash.as_bytes().as_slice(), text.as_bytes()].concat();
    plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
    keys.seal(Purpose::Link { id, owner }, &plain, &mut rand::rng())
}
