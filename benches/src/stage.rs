//! What rows are measured on: databases, and the service over them.

use std::path::{PathBuf, absolute};

use anyhow::Result;
use tempfile::TempDir;

use crate::cli::{Cli, Scale};
use crate::link::{Link, Listener};
use crate::population::Data;
use crate::process::Process;
use crate::program::{Program, echo};
use crate::server::{Kind, Server};

/// What every row is given.
#[derive(Debug)]
pub struct Stage {
    pub scale: Scale,
    itseme: PathBuf,
    kept: PathBuf,
    work: TempDir,
}

impl Stage {
    /// What the command line says.
    pub fn new(cli: &Cli) -> Result<Self> {
        std::fs::create_dir_all(&cli.data)?;
        let kept = absolute(&cli.data)?;
        Ok(Self {
            scale: cli.scale(),
            itseme: absolute(&cli.itseme)?,
            work: tempfile::tempdir_in(&kept)?,
            kept,
        })
    }

    /// A new folder.
    pub fn folder(&self) -> Result<PathBuf> {
        Ok(tempfile::tempdir_in(&self.work)?.keep())
    }

    /// A database with so many links, to read and write. All rows share it, and one row runs at a time.
    pub fn data(&self, links: u64) -> Result<Data> {
        let (kept, folder) = (self.kept(links)?, self.work.path().join(links.to_string()));
        if folder.exists() { Ok(Data { folder, ..kept }) } else { kept.copy(&folder) }
    }

    /// A database that nobody has used, with so many links, to read and write.
    pub fn fresh(&self, links: u64) -> Result<Data> {
        self.kept(links)?.copy(&self.folder()?)
    }

    /// A database with so many links, to read.
    pub fn kept(&self, links: u64) -> Result<Data> {
        Data::kept(&self.kept, links)
    }

    /// Starts the service over `data`, attached to this end of the connection as its server, and waits until it serves.
    pub async fn serve(&self, data: &Data) -> Result<(Program, Link)> {
        let listener = Listener::bind().await?;
        let program = Program::itseme(&self.itseme, data, listener.port()?)?;
        let link = listener.accept().await?;
        program.serves().await?;
        Ok((program, link))
    }

    /// The same with a server that answers what the service asks, and drops the rest.
    pub async fn serve_http(&self, data: &Data) -> Result<Program> {
        let (program, link) = self.serve(data).await?;
        tokio::spawn(link.serve(|_| Ok(())));
        Ok(program)
    }

    /// Starts the echo component, attached to this end of the connection as its server.
    pub async fn echo(&self) -> Result<(Process, Link)> {
        let listener = Listener::bind().await?;
        let process = echo(&self.folder()?, listener.port()?)?;
        Ok((process, listener.accept().await?))
    }

    /// Starts a real server.
    pub async fn server(&self, kind: Kind) -> Result<Server> {
        Server::start(kind, &self.folder()?).await
    }

    /// Starts the service over `data`, attached to a real server.
    pub async fn attach(&self, data: &Data, server: &Server) -> Result<Program> {
        let mut program = self.start(data, server)?;
        program.process.says("component connected").await;
        program.serves().await?;
        Ok(program)
    }

    /// The same, and waits for nothing.
    pub fn start(&self, data: &Data, server: &Server) -> Result<Program> {
        Program::itseme(&self.itseme, data, server.port)
    }

    /// Starts the echo component, attached to a real server.
    pub async fn attach_echo(&self, server: &Server) -> Result<Process> {
        let mut echo = echo(&self.folder()?, server.port)?;
        echo.says("connected").await;
        Ok(echo)
    }
}
