//! PostgreSQL: a server, and look-ups by themselves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use itseme::model::Mac;
use tokio::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::measure::again;
use crate::processor;

/// Connections that look up: each waits for its answers, so several go on at once.
const READERS: usize = 4;
/// The settings of the service's connections that count here.
const SETTINGS: &str = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
/// The service sends this in every transaction.
const KEY_STATE: &str = "SELECT (SELECT value FROM meta WHERE name = 'key_number') AS number,
    EXISTS (SELECT 1 FROM meta WHERE name = 'former_key_check') AS is_changing";

/// A PostgreSQL server with its default settings, and a database. It ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    runner: Child,
}

impl Postgres {
    /// Starts a new one in `folder`.
    pub fn start(folder: PathBuf) -> Result<Self> {
        fs::create_dir(&folder)?;
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres"));
        // When its input is closed, it ends.
        let mut runner = command.arg(&folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (mut line, output) = (String::new(), runner.stdout.take().context("no output")?);
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.trim() == "ready", "PostgreSQL does not start; tests/run installs it");
        Ok(Self { folder, runner })
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!("postgres://itseme@/postgres?host={}", self.folder.display())
    }

    /// Connects.
    pub async fn connect(&self) -> Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.folder).user("itseme").dbname("postgres");
        let (client, connection) = config.connect(NoTls).await.context("PostgreSQL")?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The processor's time that its processes have had.
    pub fn spent(&self) -> Result<Duration> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let server = file.lines().next().context("no PID")?.parse()?;
        processor::spent_with_children(server)
    }

    /// Look-ups in one thread, by the statement of the service, in a transaction for each list of ids; returns what measures how
    /// many lists are looked up in a second.
    pub async fn look_ups(
        &self,
        lists: Vec<Vec<Mac>>,
        time: Duration,
    ) -> Result<impl AsyncFnMut() -> Result<f64>> {
        let mut readers = Vec::new();
        for _ in 0..READERS {
            readers.push(Reader::new(self.connect().await?).await?);
        }
        Ok(async move || {
            let look_up =
                async |reader: &mut &Reader| reader.look_up(&lists[rand::random_range(0..lists.len())]).await;
            again(readers.iter().collect(), time, look_up).await
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.runner.stdin.take());
        let _ = self.runner.wait();
    }
}

/// A connection, and what is prepared there.
struct Reader {
    client: Client,
    key_state: Statement,
    proofs: Statement,
}

impl Reader {
    async fn new(client: Client) -> Result<Self> {
        client.batch_execute(SETTINGS).await?;
        let key_state = client.prepare(KEY_STATE).await?;
        let proofs = client.prepare("SELECT id_mac, proof FROM links WHERE id_mac = ANY($1)").await?;
        Ok(Self { client, key_state, proofs })
    }

    /// Sends all at once, as the service does, and waits for the answers.
    async fn look_up(&self, ids: &[Mac]) -> Result<()> {
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id.0[..]).collect();
        let values: [&(dyn ToSql + Sync); 1] = [&ids];
        let (_, _, found, _) = try_join!(
            self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            self.client.query(&self.key_state, &[]),
            self.client.query(&self.proofs, &values),
            self.client.batch_execute("COMMIT"),
        )?;
        ensure!(found.len() == ids.len(), "a link was not found");
        Ok(())
    }
}
