//! A build of the service: its program, its configuration, and databases as it makes them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf, absolute};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::http::{Client, get};
use crate::link::Link;
use crate::population::{Data, LARGE, People, servers};
use crate::ports;
use crate::postgres::Postgres;
use crate::process::Process;
use crate::server::{SECRET, SERVICE, Server};
use crate::wait::PATIENCE;

/// The service over a database. It ends when this is dropped. A closure that calls a method keeps all of it.
#[derive(Debug)]
pub struct Program {
    pub process: Process,
    data: Data,
    http: SocketAddr,
}

impl Program {
    /// Its database.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Where it serves HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Waits until it answers over HTTP.
    async fn serves(self) -> Result<Self> {
        until(async || match Client::connect(self.http).await {
            Ok(mut client) => client.call(&get("/version")).await.is_ok(),
            Err(_) => false,
        })
        .await?;
        Ok(self)
    }
}

/// A build of the service.
#[derive(Clone, Debug)]
pub struct Build {
    program: PathBuf,
    /// Its domain: two builds can be attached to one server.
    pub jid: &'static str,
    kept: PathBuf,
    work: PathBuf,
    /// Has its database there, if that is not SQLite.
    over: Option<Data>,
    /// Keys and sections of the configuration that came later.
    unknown: Arc<[String]>,
}

impl Build {
    /// The service is `program`. Its databases are kept in `kept` by the version of their schema, and copied to `work` for use.
    pub async fn new(program: &Path, jid: &'static str, kept: &Path, work: &Path) -> Result<Self> {
        let (program, work) = (absolute(program)?, work.join(jid));
        fs::create_dir(&work)?;
        let unknown = unknown_to(&program, &work.join("unknown.toml"))?.into();
        let mut build = Self { program, jid, kept: kept.to_owned(), work, over: None, unknown };
        let schema = build.populated(People::new(0)).await?.schema()?;
        build.kept.push(format!("schema-{schema}"));
        fs::create_dir_all(&build.kept)?;
        Ok(build)
    }

    /// The same build over a PostgreSQL server of its own, to which the kept database with so many links is moved.
    pub async fn over_postgres(&self, links: u64) -> Result<Self> {
        let (kept, server) = (self.kept(links).await?, Postgres::start(self.work.join("postgres"))?);
        let data = Data { folder: self.folder()?, postgres: Some(Arc::new(server)), ..kept.clone() };
        fs::copy(kept.key(), data.key())?;
        let mut command = self.command(&data, ports::free(), (Ipv4Addr::LOCALHOST, 1).into(), "")?;
        let moved = command.args(["move", "--from", &kept.url()]).output()?;
        ensure!(moved.status.success(), "itseme move: {}", String::from_utf8_lossy(&moved.stderr));
        let client = data.postgres.as_ref().context("no server")?.connect().await?;
        client.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        Ok(Self { over: Some(data), ..self.clone() })
    }

    /// A new folder.
    pub fn folder(&self) -> Result<PathBuf> {
        Ok(tempfile::tempdir_in(&self.work)?.keep())
    }

    /// A database as the service makes it, with the links of `people` that nobody has used.
    pub async fn populated(&self, people: People) -> Result<Data> {
        let data = Data { folder: self.folder()?, people, postgres: None };
        self.alone(&data).await?.process.terminate().await;
        data.populate()?;
        Ok(data)
    }

    /// A database with so many links, to read. It is made if there is none of this schema: one that was brought up to date would
    /// have other pages.
    pub async fn kept(&self, links: u64) -> Result<Data> {
        let people = People::new(links);
        let kept = Data { folder: self.kept.join(links.to_string()), people, postgres: None };
        if !kept.folder.exists() {
            fs::rename(self.populated(people).await?.folder, &kept.folder)?;
        }
        Ok(kept)
    }

    /// A database with so many links, to read and write. All rows share it, and one row runs at a time.
    pub async fn data(&self, links: u64) -> Result<Data> {
        if let Some(data) = &self.over {
            return Ok(data.clone());
        }
        let (kept, folder) = (self.kept(links).await?, self.work.join(links.to_string()));
        // A copy would take minutes, and the disk may not have the room.
        if links > LARGE {
            return Ok(kept);
        }
        if folder.exists() { Ok(Data { folder, ..kept }) } else { kept.copy(folder) }
    }

    /// Starts the service over `data`, attached to this end of the connection as its server, and waits until it serves. It has more
    /// lines of the configuration.
    pub async fn serve(&self, data: &Data, more: &str) -> Result<(Program, Link)> {
        let (program, link) = Link::accept(|port| self.start(data, port, more)).await?;
        Ok((program.serves().await?, link))
    }

    /// The same with a server that answers what the service asks, and drops the rest.
    pub async fn serve_http(&self, data: &Data) -> Result<Program> {
        let (program, link) = self.serve(data, "").await?;
        link.serve(|_| Ok(()));
        Ok(program)
    }

    /// Starts the service over `data`, attached to a real server.
    pub async fn attach(&self, data: &Data, server: &Server) -> Result<Program> {
        let mut program = self.start(data, server.port, "")?;
        program.process.says("component connected").await;
        program.serves().await
    }

    /// Starts another instance over the same database, which stands by for the one that has the server.
    pub async fn stand_by(&self, data: &Data) -> Result<Program> {
        let other = Data { folder: self.folder()?, ..data.clone() };
        fs::copy(data.key(), other.key())?;
        self.start(&other, ports::free(), "")?.serves().await
    }

    /// Starts the service over `data` where no server is: it matches contact requests, and delivers nothing. All people are its own:
    /// only so many introductions of others may wait.
    pub async fn alone(&self, data: &Data) -> Result<Program> {
        self.start(data, ports::free(), &own_people())?.serves().await
    }

    /// Starts the service over `data`, attached to the server at that port, and waits for nothing.
    pub fn start(&self, data: &Data, server: u16, more: &str) -> Result<Program> {
        let http = (Ipv4Addr::LOCALHOST, ports::free()).into();
        let command = self.command(data, server, http, more)?;
        let process = Process::spawn("the service", &command, &data.folder.join("itseme.log"));
        Ok(Program { process, data: data.clone(), http })
    }

    /// Its program with a configuration.
    fn command(&self, data: &Data, server: u16, http: SocketAddr, more: &str) -> Result<Command> {
        let config = data.folder.join("component.toml");
        fs::write(&config, without(&self.unknown, &(settings(self.jid, data, server, http) + more)))?;
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&config).current_dir(&data.folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ITSEME_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        Ok(command)
    }
}

/// Finds the keys and sections that an older build does not know. It names the first one that it meets, and begins nothing.
fn unknown_to(program: &Path, config: &Path) -> Result<Vec<String>> {
    /// The last one in the order of the alphabet, in which they are read.
    const LAST: &str = "zzz";
    let data = Data { folder: config.with_extension(""), people: People::new(0), postgres: None };
    let all = settings(SERVICE, &data, 1, (Ipv4Addr::LOCALHOST, 1).into());
    let mut unknown = Vec::new();
    loop {
        fs::write(config, without(&unknown, &format!("{all}{}{LAST}.key = 1\n", own_people())))?;
        let output = Command::new(program).arg("--config").arg(config).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        let named = told.split_once("unknown").and_then(|(_, rest)| rest.split(['"', '`']).nth(1));
        match named {
            Some(LAST) => return Ok(unknown),
            Some(key) => unknown.push(key.to_owned()),
            None => bail!("{} does not name an unknown key: {told}", program.display()),
        }
    }
}

/// The settings without those keys and sections.
fn without(unknown: &[String], settings: &str) -> String {
    let is_unknown = |name: &str| unknown.iter().any(|key| key == name);
    let is_known = |line: &&str| !line.split(['.', ' ']).take(2).any(is_unknown);
    settings.lines().filter(is_known).map(|line| format!("{line}\n")).collect()
}

/// Waits until `probe` says yes.
pub async fn until(probe: impl AsyncFn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !probe().await {
        ensure!(began.elapsed() < PATIENCE, "still waiting after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// More of the configuration: all people are of own servers.
pub fn own_people() -> String {
    format!("access.own_server = {:?}\n", servers().collect::<Vec<_>>())
}

/// The configuration: all limits lifted, everything else as it is by default.
fn settings(jid: &str, data: &Data, server: u16, http: SocketAddr) -> String {
    let (url, key) = (data.url(), data.key());
    let key = key.display();
    format!(
        r#"component.jid = "{jid}"
component.secret = "{SECRET}"
component.server = "127.0.0.1:{server}"
http.listen = "{http}"
http.max_connections_per_address = 1000
store.url = "{url}"
store.key_file = "{key}"
limits.requests_per_second = 100000000
limits.guesses_per_day = 1000000000
limits.codes_per_day = 1000000000
limits.codes_per_target_per_day = 1000000000
limits.codes_per_address_per_day = 1000000000
limits.new_jids_per_day = 1000000000
limits.bytes_per_server_per_day = 4000000000
limits.budget_percent_per_server = 100
limits.budget_percent_of_others = 100
limits.unentered_codes_per_range = 0
limits.resend_after = "0s"
limits.hashes_per_day = 1000000000
limits.repeat_contact_after = "0s"
"#
    )
}
