//! The commands, each from its arguments to its output.

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use itseme_client::{
    AddressBook, Agent, AgentEvent, Answer, Error, Identity, Options, Session, Status, Store,
    xmpp_parsers::jid::BareJid,
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Stdin},
    signal,
    time::timeout,
};

use crate::{
    args::{AnswerMode, Args, Command},
    failure::Failure,
    output::Output,
};

/// How often `register --wait` looks whether the link was made elsewhere, for example in a browser.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Runs one command; Ctrl-C ends it with a closed stream.
pub async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    if let Command::Hash { provider, id } = &args.command {
        return hash(provider, id, output);
    }
    check(&args.command)?;
    let mut agent = connect(&args).await?;
    let listens = matches!(args.command, Command::Listen { .. });
    let result = tokio::select! {
        result = command(args.command, &mut agent, output) => result,
        _ = signal::ctrl_c() => if listens { Ok(()) } else { Err(Failure::Interrupted) },
    };
    agent.close().await;
    result
}

/// Finds mistakes that need no connection.
fn check(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Register { provider, id, .. } => drop(Identity::new(provider, id)?),
        Command::Verify { what } => drop(hash_and_code(what)?),
        _ => {}
    }
    Ok(())
}

async fn connect(args: &Args) -> Result<Agent, Failure> {
    let missing = |what: &str| Failure::Usage(format!("{what} is missing; see --help"));
    let jid = args.jid.clone().ok_or_else(|| missing("--jid"))?;
    let options = Options {
        password: password(args.password_file.as_deref())?,
        service: args.service.clone().ok_or_else(|| missing("--service"))?,
        server: args.server.clone(),
        jid: jid.clone(),
    };
    let (book, policy) = match &args.command {
        Command::Introduce { book } => (AddressBook::read(book)?, Answer::Never),
        Command::Listen { book: Some(book), answer, .. } => (AddressBook::read(book)?, policy(*answer)),
        _ => (AddressBook::default(), Answer::Never),
    };
    let store = match &args.state {
        Some(path) => Store::open(path, &jid)?,
        None => Store::in_memory(),
    };
    let session = tokio::select! {
        session = Session::connect(options) => session?,
        _ = signal::ctrl_c() => return Err(Failure::Interrupted),
    };
    Ok(Agent::new(session, book, policy, store)?)
}

fn password(file: Option<&Path>) -> Result<String, Failure> {
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).map_err(Failure::Password)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    env::var("ITSEME_CLIENT_PASSWORD").map_err(|_| {
        Failure::Usage("the password is missing: use --password-file or ITSEME_CLIENT_PASSWORD".into())
    })
}

fn policy(mode: AnswerMode) -> Answer {
    match mode {
        AnswerMode::Matched | AnswerMode::Ask => Answer::Matched,
        AnswerMode::Never => Answer::Never,
    }
}

async fn command(command: Command, agent: &mut Agent, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Register { provider, id, resend, wait } => {
            register(agent, &provider, &id, resend, wait, output).await
        }
        Command::Verify { what } => verify(agent, &what, output).await,
        Command::Introduce { .. } => introduce(agent, output).await,
        Command::Listen { seconds, answer, .. } => listen(agent, seconds, answer, output).await,
        Command::Confirm { whose, hashes } => confirm(agent, &whose, &hashes, output).await,
        Command::Links => links(agent, output).await,
        Command::Forget { hashes } => forget(agent, &hashes, output).await,
        Command::Hash { provider, id } => hash(&provider, &id, output),
    }
}

fn hash(provider: &str, id: &str, output: &Output) -> Result<(), Failure> {
    let identity = Identity::new(provider, id)?;
    let hash = identity.hash();
    output.say(&hash, json!({ "provider": identity.provider(), "id": identity.id(), "hash": hash }));
    Ok(())
}

async fn register(
    agent: &mut Agent,
    provider: &str,
    id: &str,
    resend: bool,
    wait: bool,
    output: &Output,
) -> Result<(), Failure> {
    let registered = agent.register(provider, id, resend).await?;
    let words = match (registered.status, &registered.goto) {
        (Status::Confirmed, _) => format!("{provider}:{id} is linked to you now."),
        (Status::Pending, Some(goto)) => format!("Go on in your browser: {goto}"),
        (Status::Pending, None) => format!("A code is on its way to {provider}:{id}."),
    };
    output.say(&words, json!(registered));
    match (registered.status, wait) {
        (Status::Pending, true) => wait_for_link(agent, &registered.hash, output).await,
        (Status::Pending, false) => {
            output.hint(&format!("Its hash is {}", registered.hash));
            Ok(())
        }
        (Status::Confirmed, _) => Ok(()),
    }
}

async fn wait_for_link(agent: &mut Agent, hash: &str, output: &Output) -> Result<(), Failure> {
    loop {
        match next_before(agent, Instant::now() + LOOK_AGAIN).await? {
            Some(event) => {
                output.event(&event);
                if matches!(&event, AgentEvent::Linked { identity } if identity.hash() == hash) {
                    return Ok(());
                }
            }
            None => {
                for identity in agent.refresh().await? {
                    let done = identity.hash() == hash;
                    output.event(&AgentEvent::Linked { identity });
                    if done {
                        return Ok(());
                    }
                }
            }
        }
    }
}

async fn verify(agent: &mut Agent, what: &[String], output: &Output) -> Result<(), Failure> {
    let (hash, code) = hash_and_code(what)?;
    let name = match agent.verify(&hash, code).await? {
        Some(identity) => identity.to_string(),
        None => hash.clone(),
    };
    output.say(&format!("{name} is linked to you now."), json!({ "hash": hash, "confirmed": true }));
    Ok(())
}

fn hash_and_code(what: &[String]) -> Result<(String, &str), Failure> {
    match what {
        [hash, code] => Ok((hash.to_ascii_lowercase(), code)),
        [provider, id, code] => Ok((Identity::new(provider, id)?.hash(), code)),
        _ => Err(Failure::Usage("verify needs HASH CODE, or PROVIDER ID CODE".into())),
    }
}

async fn introduce(agent: &mut Agent, output: &Output) -> Result<(), Failure> {
    let contacts = agent.book().contacts().len();
    let skipped = agent.book().skipped();
    let asked = agent.introduce().await?;
    let mut words = format!(
        "Asked for {} numbers and addresses of {contacts} contacts. Whoever is there and wants to will answer.",
        asked.hashes
    );
    if skipped > 0 {
        words += &format!("\n{skipped} could not be used, most likely numbers without a country code.");
    }
    output.say(
        &words,
        json!({ "contacts": contacts, "hashes": asked.hashes, "requests": asked.requests, "skipped": skipped }),
    );
    Ok(())
}

async fn listen(
    agent: &mut Agent,
    seconds: Option<u64>,
    mode: AnswerMode,
    output: &Output,
) -> Result<(), Failure> {
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut answers = BufReader::new(tokio::io::stdin());
    output.hint(&format!("Listening as {}.", agent.session().jid()));
    loop {
        let deadline = end.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        let Some(event) = next_before(agent, deadline).await? else {
            match end {
                Some(_) => return Ok(()),
                None => continue,
            }
        };
        output.event(&event);
        if let AgentEvent::AskedBy { jid, name: None, .. } = event
            && mode == AnswerMode::Ask
            && says_yes(&jid, &mut answers, output).await
        {
            match agent.answer(&jid).await {
                Ok(()) => output.event(&AgentEvent::Answered { jid }),
                Err(error) => output.event(&AgentEvent::Problem { text: error.to_string() }),
            }
        }
    }
}

async fn says_yes(jid: &BareJid, answers: &mut BufReader<Stdin>, output: &Output) -> bool {
    output.hint(&format!("Send your details to {jid}? Type yes or no."));
    let mut line = String::new();
    let read = answers.read_line(&mut line).await;
    read.is_ok() && matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

async fn confirm(
    agent: &mut Agent,
    whose: &BareJid,
    hashes: &[String],
    output: &Output,
) -> Result<(), Failure> {
    let confirmed = agent.session().confirm(whose, hashes).await?;
    let words = match (confirmed, hashes.len()) {
        (true, 1) => format!("Yes, this belongs to {whose}."),
        (true, _) => format!("Yes, all of these belong to {whose}."),
        (false, 1) => format!("No, this does not belong to {whose}."),
        (false, _) => format!("No, not all of these belong to {whose}."),
    };
    output.say(&words, json!({ "jid": whose, "confirmed": confirmed }));
    Ok(())
}

async fn links(agent: &mut Agent, output: &Output) -> Result<(), Failure> {
    agent.refresh().await?;
    let links = agent.session().links().await?;
    if links.is_empty() {
        output.hint("Nothing is linked to you.");
    }
    let state = agent.state()?;
    for hash in links {
        let identity = state.own(&hash);
        let words = identity.map_or_else(|| hash.clone(), |identity| format!("{hash} {identity}"));
        output.say(&words, json!({ "hash": hash, "identity": identity }));
    }
    Ok(())
}

async fn forget(agent: &mut Agent, hashes: &[String], output: &Output) -> Result<(), Failure> {
    agent.forget(hashes).await?;
    let words = match hashes.len() {
        0 => "Forgotten: nothing is linked to you any more.".to_owned(),
        1 => "Forgotten.".to_owned(),
        many => format!("Forgotten, all {many} of them."),
    };
    output.say(&words, json!({ "forgotten": if hashes.is_empty() { json!("all") } else { json!(hashes) } }));
    Ok(())
}

/// The next event, or `None` when the time is over. A lost connection is a failure.
async fn next_before(agent: &mut Agent, deadline: Instant) -> Result<Option<AgentEvent>, Failure> {
    let left = deadline.saturating_duration_since(Instant::now());
    match timeout(left, agent.next_event()).await {
        Ok(Some(AgentEvent::Disconnected { reason })) => Err(Failure::Disconnected(reason)),
        Ok(Some(event)) => Ok(Some(event)),
        Ok(None) => Err(Error::Disconnected.into()),
        Err(_) => Ok(None),
    }
}
