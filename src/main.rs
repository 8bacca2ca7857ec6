//! The `itseme` program. Exit codes: 0 done, 1 failed, 2 wrong usage.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use itseme::cli::{self, Cli, Command};
use itseme::config::Config;
use itseme::model::BareJid;
use itseme::run::{self, Log};
use itseme::signals::Signals;
use itseme::{admin, backup, check, core_dumps, hash, moving, rekey, telemetry};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let cli = Cli::parse();
    core_dumps::forbid();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let performed = runtime.block_on(perform(&cli));
    // A file that is still being read must not delay the end.
    runtime.shutdown_background();
    performed.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    telemetry::complain(error);
    ExitCode::FAILURE
}

async fn perform(cli: &Cli) -> Result<ExitCode, String> {
    match &cli.command {
        None | Some(Command::Run) => run(cli).await,
        Some(Command::Check { login, deliver, json }) => report(cli, *login, deliver.as_ref(), *json).await,
        Some(Command::Admin { json, request }) => {
            let done = admin::run(&load(cli)?, request.clone(), *json).await;
            done.map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Rekey) => rekey::run(&load(cli)?).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Move(ends)) => {
            let (config, (from, to)) = (load(cli)?, ends.databases()?);
            moving::run(&config, from, to).await.map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Backup { file, key }) => {
            let (store, file, key) = (load(cli)?.store, file.clone(), key.clone());
            stoppable(move |stop| backup::back_up(&store, &file, key.as_deref(), stop)).await
        }
        Some(Command::Restore { file, key, force }) => {
            let (store, file, key, force) = (load(cli)?.store, file.clone(), key.clone(), *force);
            stoppable(move |stop| backup::restore(&store, &file, key.as_deref(), force, stop)).await
        }
        Some(Command::Completions { shell }) => {
            let script = cli::completions(*shell);
            telemetry::print(String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Man { folder }) => cli::man_pages(folder).map(|()| ExitCode::SUCCESS),
        Some(Command::Hash {
            region,
            explain,
            provider,
            id,
        }) => {
            let hashed = hash::hash(provider, &id.join(" "), *region, *explain)?;
            telemetry::print(format_args!("{hashed}\n")).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// Runs work that blocks, and tells it when a signal comes to stop, or its terminal is gone: it then removes its incomplete files.
async fn stoppable(
    work: impl FnOnce(&CancellationToken) -> Result<(), String> + Send + 'static,
) -> Result<ExitCode, String> {
    let mut signals = Signals::new().map_err(|error| error.to_string())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut work = tokio::task::spawn_blocking(move || work(&told));
    let done = tokio::select! {
        done = &mut work => done,
        () = signals.end() => {
            telemetry::complain(&"stopping, and removing what is not complete");
            stop.cancel();
            work.await
        }
    };
    done.map_err(|error| error.to_string())?.map(|()| ExitCode::SUCCESS)
}

fn load(cli: &Cli) -> Result<Config, String> {
    Config::load(cli.config_file(), &cli.overrides).map_err(|error| error.to_string())
}

/// Returns the filter of the log that the command line or the environment names.
fn wanted_filter(cli: &Cli) -> Option<String> {
    let of_environment = || std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    cli.log.clone().or_else(of_environment)
}

async fn run(cli: &Cli) -> Result<ExitCode, String> {
    let log = Log {
        filter: wanted_filter(cli),
        format: cli.log_format,
    };
    // A file that is gone for a moment must not make a reload read another one.
    let cli = Cli {
        config: Some(cli.config_file().to_owned()),
        ..cli.clone()
    };
    run::run(Arc::new(move || load(&cli)), log).await
}

async fn report(cli: &Cli, login: bool, account: Option<&BareJid>, as_json: bool) -> Result<ExitCode, String> {
    let config = Config::load(cli.config_file(), &cli.overrides);
    let log = Log {
        filter: wanted_filter(cli),
        format: cli.log_format,
    };
    let mut findings = check::mistakes(log.check(config.as_ref().ok()), config.as_ref().err());
    if let Ok(config) = &config {
        findings.extend(check::check(config, login, account).await);
    }
    let written = check::written(&findings, as_json).map_err(|error| error.to_string())?;
    telemetry::print(format_args!("{written}\n"))?;
    match findings.iter().filter(|finding| finding.result.is_err()).count() {
        0 => Ok(ExitCode::SUCCESS),
        wrong => Err(format!("{wrong} of {} are wrong", findings.len())),
    }
}
