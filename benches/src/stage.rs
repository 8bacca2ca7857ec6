//! What rows are measured on: databases, and the service over them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rand::RngExt;
use tempfile::TempDir;

use crate::cli::{Cli, Scale};
use crate::link::{Link, Listener};
use crate::population::Data;
use crate::program::Program;

/// What every row is given.
#[derive(Debug)]
pub struct Stage {
    /// How much is measured.
    pub scale: Scale,
    itseme: PathBuf,
    kept: PathBuf,
    work: TempDir,
}

impl Stage {
    /// What the command line says.
    ///
    /// # Errors
    /// If there is no folder for the data.
    pub fn new(cli: &Cli) -> Result<Self> {
        std::fs::create_dir_all(&cli.data)?;
        let kept = std::path::absolute(&cli.data)?;
        Ok(Self {
            scale: cli.scale(),
            itseme: std::path::absolute(&cli.itseme)?,
            work: tempfile::tempdir_in(&kept)?,
            kept,
        })
    }

    /// A folder of its own for each use.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder(&self) -> Result<PathBuf> {
        let folder = self.work.path().join(format!("{:016x}", rand::rng().random::<u64>()));
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// A database with so many links, to read and write. All rows share it, but none runs while another does.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn data(&self, links: u64) -> Result<Data> {
        let work = self.work.path().join(links.to_string());
        let kept = self.kept(links)?;
        if work.exists() { Ok(kept.at(&work)) } else { kept.copy(&work) }
    }

    /// A database that nobody has used, with so many links, to read and write.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn fresh(&self, links: u64) -> Result<Data> {
        self.kept(links)?.copy(&self.folder()?)
    }

    /// The same only to look at.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn kept(&self, links: u64) -> Result<Data> {
        Data::kept(&self.kept, links)
    }

    /// The service's program.
    pub fn itseme(&self) -> &Path {
        &self.itseme
    }

    /// The service over `data`, attached to us as its server, and serving.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn serve(&self, data: &Data) -> Result<Served> {
        let listener = Listener::bind().await?;
        let program = Program::itseme(&self.itseme, data, listener.port()?)?;
        let link = listener.accept().await?;
        program.serves().await?;
        Ok(Served { program, link })
    }
}

/// The service, and the server's end of its connection.
#[derive(Debug)]
pub struct Served {
    /// The program.
    pub program: Program,
    /// What it sends and gets by XMPP.
    pub link: Link,
}

impl Served {
    /// Leaves the connection to a task that answers what the service asks of its server, and drops the rest.
    pub fn only_http(self) -> Program {
        tokio::spawn(self.link.serve(|_| {}));
        self.program
    }
}

/// A row, or several that are measured together.
pub struct Row {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Measures it.
    pub run: Run,
}

/// How a row is measured.
pub type Run = for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, Result<Vec<crate::measure::Finding>>>;

/// For rows to write `run: |stage| row(run(stage))`.
pub fn row<'a>(
    future: impl Future<Output = Result<Vec<crate::measure::Finding>>> + 'a,
) -> LocalBoxFuture<'a, Result<Vec<crate::measure::Finding>>> {
    future.boxed_local()
}
