//! What rows are measured on: builds of the service, what they are compared to, and servers.

use std::cell::RefCell;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::absolute;
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;
use comfy_table::Table;
use tempfile::{Builder, TempDir};

use crate::build::Build;
use crate::cli::{Cli, Scale};
use crate::measure::{Finding, Round};
use crate::process::Process;
use crate::server::{Kind, OTHER, SERVICE, Server};

/// What every row is given.
#[derive(Clone, Debug)]
pub struct Stage {
    pub scale: Scale,
    /// The build that is measured.
    pub build: Build,
    /// Another build, which the service is compared to instead of all else.
    pub against: Option<Build>,
    /// Removed with all that is in it when this is dropped.
    _work: Rc<TempDir>,
    /// What was found, and if it means something.
    table: Rc<RefCell<Table>>,
    smoke: bool,
}

impl Stage {
    /// What the command line says.
    pub async fn new(cli: &Cli) -> Result<Self> {
        fs::create_dir_all(&cli.data)?;
        let kept = absolute(&cli.data)?;
        // PostgreSQL may run as another user.
        let work = Builder::new().permissions(Permissions::from_mode(0o755)).tempdir_in(&kept)?;
        let build = Build::new(&cli.itseme, SERVICE, &kept, work.path()).await?;
        let against = match &cli.against {
            Some(program) => Some(Build::new(program, OTHER, &kept, work.path()).await?),
            None => None,
        };
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(["what", "figure", "compared to", "figure", "ratio (spread)", "aim", ""]);
        let table = Rc::new(RefCell::new(table));
        Ok(Self { scale: cli.scale(), build, against, _work: Rc::new(work), table, smoke: cli.smoke })
    }

    /// The same with the builds over PostgreSQL.
    pub async fn over_postgres(&self) -> Result<Self> {
        let links = self.scale.usual;
        let against = match &self.against {
            Some(build) => Some(build.over_postgres(links).await?),
            None => None,
        };
        Ok(Self { build: self.build.over_postgres(links).await?, against, ..self.clone() })
    }

    /// Prints everything that was found.
    pub fn print(&self) {
        println!("{}", self.table.borrow());
    }

    /// Measures the service by turns with `other`, or with the other build. `service` prepares a build and returns what measures it.
    pub async fn compare<S, T>(
        &self,
        finding: Finding,
        service: impl AsyncFn(Build) -> Result<S>,
        other: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<()>
    where
        S: AsyncFnMut() -> Result<f64>,
        T: AsyncFnMut() -> Result<f64>,
    {
        if self.against.is_some() {
            return self.alone(finding, service).await;
        }
        let ours = service(self.build.clone()).await?;
        self.turns(finding, ours, other().await?).await
    }

    /// Measures the service beside nothing, or by turns with the other build.
    pub async fn alone<S: AsyncFnMut() -> Result<f64>>(
        &self,
        finding: Finding,
        service: impl AsyncFn(Build) -> Result<S>,
    ) -> Result<()> {
        let ours = service(self.build.clone()).await?;
        match &self.against {
            Some(build) => {
                let theirs = service(build.clone()).await?;
                self.turns(finding.against("the other build"), ours, theirs).await
            }
            None => self.turns(finding, ours, async || Ok(f64::NAN)).await,
        }
    }

    /// Measures both, one after the other, in as many rounds as are wanted, after one turn of each that does not count.
    pub async fn turns(
        &self,
        finding: Finding,
        mut ours: impl AsyncFnMut() -> Result<f64>,
        mut theirs: impl AsyncFnMut() -> Result<f64>,
    ) -> Result<()> {
        let mut rounds = Vec::new();
        for _ in 0..=self.scale.rounds {
            rounds.push((ours().await?, theirs().await?));
        }
        self.report(&finding, &rounds[1..]);
        Ok(())
    }

    /// Puts what was found into the table, and prints it now: the run may be interrupted.
    pub fn report(&self, finding: &Finding, rounds: &[Round]) {
        let mut cells = finding.cells(rounds);
        if self.smoke {
            cells[6] = "runs".to_owned();
        }
        eprintln!("  {}", cells.join("  "));
        self.table.borrow_mut().add_row(cells);
    }

    /// Starts a real server.
    pub async fn server(&self, kind: Kind) -> Result<Server> {
        Server::start(kind, &self.build.folder()?).await
    }

    /// Starts the bare route; returns where it serves.
    pub async fn route(&self) -> Result<(Process, SocketAddr)> {
        let mut process = self.beside(&["route"])?;
        let line = process.says("listening on").await;
        Ok((process, line.rsplit(' ').next().unwrap_or_default().parse()?))
    }

    /// Starts the echo component, attached to the server at that port, and waits for nothing.
    pub fn echo(&self, server: u16) -> Result<Process> {
        self.beside(&["echo", &format!("127.0.0.1:{server}")])
    }

    /// Starts the echo component, attached to a real server.
    pub async fn attach_echo(&self, server: &Server) -> Result<Process> {
        let mut echo = self.echo(server.port)?;
        echo.says("connected").await;
        Ok(echo)
    }

    /// Starts a program that the service is compared to.
    fn beside(&self, arguments: &[&str]) -> Result<Process> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Ok(Process::spawn(arguments[0], &command, &self.build.folder()?.join("beside.log")))
    }
}
