//! `itseme-client`: the reference client on the command line.

mod args;
mod book;
mod commands;
mod failure;
mod listen;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Args, output::Output};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let output = Output { json: args.json };
    match commands::run(args, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failure(&failure),
    }
}
