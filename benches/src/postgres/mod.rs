//! PostgreSQL: a server with databases of many links, and the service's statements by themselves.

mod bare;
mod operations;
mod transaction;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use itseme::model::Keys;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls};

pub use self::operations::{confirm, confirm_many, contact, register};
use crate::build::Build;
use crate::population::{Columns, Data, People};
use crate::processor;

/// The user that owns everything.
const USER: &str = "itseme";
/// How the names of databases begin that are used in one run.
const WORK: &str = "work_";

/// A PostgreSQL server with its default settings. It ends when this is dropped. Databases with many links are kept in its cluster, and
/// copied for use.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    /// The key that all databases are made with.
    key: PathBuf,
    process: Child,
}

/// A database.
#[derive(Clone, Debug)]
pub struct Database {
    socket: PathBuf,
    name: String,
}

impl Database {
    /// Its address.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@/{}?host={}", self.name, self.socket.display())
    }

    /// Connects.
    pub async fn connect(&self) -> Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.socket).user(USER).dbname(&self.name);
        let (client, connection) = config.connect(NoTls).await.context("PostgreSQL")?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Postgres {
    /// Starts the server whose cluster is kept in the folder `kept`, with a new one if there is none.
    pub async fn start(kept: &Path) -> Result<Self> {
        let folder = kept.join("postgres");
        fs::create_dir_all(&folder)?;
        // When its input is closed, it ends.
        let mut process = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (mut line, output) = (String::new(), process.stdout.take().context("no output")?);
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.trim() == "ready", "PostgreSQL does not start; tests/run installs it");
        let server = Self { folder, key: kept.join("postgres.key"), process };
        server.tidy().await?;
        Ok(server)
    }

    /// Drops what is used in one run.
    pub async fn tidy(&self) -> Result<()> {
        let client = self.database("postgres").connect().await?;
        let names = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)";
        for row in client.query(names, &[&WORK]).await? {
            let name: &str = row.try_get(0)?;
            client.batch_execute(&format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await?;
        }
        Ok(())
    }

    /// The ticks of the processor's clock that all its processes have had.
    pub fn ticks(&self) -> Result<u64> {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let first: u32 = pid.lines().next().context("no PID")?.parse()?;
        processor::ticks(|pid, parent| pid == first || parent == first)
    }

    /// A database of `whose` with so many links, to read and write. All rows of a run share it.
    pub async fn data(&self, build: &Build, whose: &str, links: u64) -> Result<Data> {
        let name = format!("{WORK}{whose}_{links}");
        let folder = build.work().join(&name);
        let data = Data { folder, people: People::new(links), postgres: Some(self.database(&name)) };
        if !data.folder.exists() {
            let kept = self.kept(build, data.people).await?;
            fs::create_dir(&data.folder)?;
            fs::copy(&self.key, data.key())?;
            self.run(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{kept}\" STRATEGY file_copy")).await?;
        }
        Ok(data)
    }

    fn database(&self, name: &str) -> Database {
        Database { socket: self.folder.clone(), name: name.to_owned() }
    }

    async fn run(&self, sql: &str) -> Result<()> {
        let client = self.database("postgres").connect().await?;
        client.batch_execute(sql).await.with_context(|| sql.to_owned())
    }

    /// The name of the database with the links of `people` that nobody has used. It is made if there is none of the build's schema.
    async fn kept(&self, build: &Build, people: People) -> Result<String> {
        let made = format!("{WORK}new");
        let data = Data { folder: build.folder()?, people, postgres: Some(self.database(&made)) };
        if self.key.exists() {
            fs::copy(&self.key, data.key())?;
        }
        self.run(&format!("DROP DATABASE IF EXISTS \"{made}\" WITH (FORCE)")).await?;
        self.run(&format!("CREATE DATABASE \"{made}\"")).await?;
        build.alone(&data).await?.process.terminate().await;
        fs::copy(data.key(), &self.key)?;
        let client = self.database(&made).connect().await?;
        let version = "SELECT encode(value, 'hex') FROM meta WHERE name = 'schema_version'";
        let version: String = client.query_one(version, &[]).await?.try_get(0)?;
        let kept = format!("links_{}_{version}", people.links());
        let is_there = "SELECT FROM pg_database WHERE datname = $1";
        if client.query_opt(is_there, &[&kept]).await?.is_none() {
            populate(&client, people, &data.keys()?).await?;
            drop(client);
            self.run(&format!("ALTER DATABASE \"{made}\" RENAME TO \"{kept}\"")).await?;
        }
        Ok(kept)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Puts the people's links into an empty database.
async fn populate(client: &Client, people: People, keys: &Keys) -> Result<()> {
    eprintln!("  populating a database of PostgreSQL: {} links", people.links());
    let copy =
        "COPY links (id_mac, owner_mac, proof, box, verified_on, key_number) FROM STDIN (FORMAT binary)";
    let types = [Type::BYTEA, Type::BYTEA, Type::BYTEA, Type::BYTEA, Type::INT8, Type::INT8];
    let mut rows = pin!(BinaryCopyInWriter::new(client.copy_in(copy).await?, &types));
    for n in 0..people.links() {
        let Columns { id, owner, proof, sealed, verified_on } = people.columns(keys, n)?;
        let row = rows.as_mut();
        row.write(&[&&id.0[..], &&owner.0[..], &&proof.0[..], &sealed, &verified_on, &0_i64]).await?;
    }
    rows.finish().await?;
    Ok(client.batch_execute("VACUUM (FREEZE, ANALYZE)").await?)
}
