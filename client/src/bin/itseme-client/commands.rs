//! The commands, each from its arguments to its output.

use std::{env, path::Path, time::Duration};

use itseme_client::{
    AddressBook, Agent, AgentEvent, Answer, Error, How, Identity, Options, Registered, Scope, Session,
    Status, Store, xmpp_parsers::jid::BareJid,
};
use serde_json::json;
use tokio::{
    signal,
    time::{Instant, timeout_at},
};

use crate::{
    args::{AnswerMode, Args, Command, Named},
    book,
    failure::Failure,
    listen::listen,
    output::Output,
};

/// The pause of `register --wait` between two checks for a link that was made elsewhere, for example in a browser.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// After this time of silence, all stored messages of the server have arrived.
const QUIET: Duration = Duration::from_millis(500);

/// Runs one command; Ctrl-C ends it with a closed stream.
pub async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    if let Command::Hash { provider, id } = &args.command {
        return hash(provider, id, output);
    }
    check(&args.command)?;
    let mut agent = connect(&args, output).await?;
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
        Command::Verify { what } => drop(named_and_code(what)?),
        _ => {}
    }
    Ok(())
}

/// Logs in without becoming available: a command that does not look at messages must not make the server hand
/// them out.
async fn connect(args: &Args, output: &Output) -> Result<Agent, Failure> {
    let missing = |what: &str| Failure::Usage(format!("{what} is missing; see --help"));
    let jid = args.jid.clone().ok_or_else(|| missing("--jid"))?;
    let options = Options {
        password: password(args.password_file.as_deref())?,
        service: args.service.clone().ok_or_else(|| missing("--service"))?,
        server: args.server.clone(),
        jid: jid.clone(),
    };
    let mut store = match &args.state {
        Some(path) => Store::open(path, &jid)?,
        None => Store::in_memory(),
    };
    let (book, policy) = match &args.command {
        Command::Introduce { book, region, .. } => {
            (book::read(book, *region, &mut store, output)?, Answer::Never)
        }
        Command::Listen { book: Some(book), region, answer, .. } => {
            (book::read(book, *region, &mut store, output)?, policy(*answer))
        }
        _ => (AddressBook::default(), Answer::Never),
    };
    let session = tokio::select! {
        session = Session::log_in(options) => session?,
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
        Command::Register { provider, id, resend, call, send, wait } => {
            let how = match (call, send) {
                (true, _) => How::Call,
                (_, true) => How::Send,
                _ => How::Code,
            };
            let registered = agent.register_by(how, &provider, &id, resend).await?;
            show(agent, &format!("{provider}:{id}"), registered, wait, output).await
        }
        Command::Verify { what } => verify(agent, &what, output).await,
        Command::Introduce { here, .. } => introduce(agent, here, output).await,
        Command::Listen { seconds, answer, .. } => listen(agent, seconds, answer, output).await,
        Command::Confirm { whose, named } => confirm(agent, &whose, &hashes(&named), output).await,
        Command::Links => links(agent, output).await,
        Command::Forget { named, .. } => forget(agent, &hashes(&named), output).await,
        Command::Mute { jids, .. } => mute(agent.session(), &jids, output).await,
        Command::Unmute { jids, .. } => unmute(agent.session(), &jids, output).await,
        Command::Mutes => mutes(agent.session(), output).await,
        Command::Hash { provider, id } => hash(&provider, &id, output),
    }
}

fn hashes(named: &[Named]) -> Vec<String> {
    named.iter().map(Named::hash).collect()
}

fn hash(provider: &str, id: &str, output: &Output) -> Result<(), Failure> {
    let identity = Identity::new(provider, id)?;
    let hash = identity.hash();
    output.say(&hash, json!({ "provider": identity.provider(), "id": identity.id(), "hash": hash }));
    Ok(())
}

async fn show(
    agent: &mut Agent,
    identity: &str,
    registered: Registered,
    wait: bool,
    output: &Output,
) -> Result<(), Failure> {
    let words = match (registered.status, &registered.goto, &registered.send) {
        (Status::Confirmed, ..) => format!("{identity} is linked to you now."),
        (Status::Pending, Some(goto), _) => format!("Go on in your browser: {goto}"),
        (Status::Pending, None, Some(send)) => {
            format!("Send this from {identity} to {}: {}", send.to, send.text)
        }
        (Status::Pending, None, None) => format!("A code is on its way to {identity}."),
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
    agent.session().become_available().await?;
    let mut linked = false;
    while !linked {
        let events = match next_before(agent, Instant::now() + LOOK_AGAIN).await? {
            Some(event) => vec![event],
            None => {
                let linked = agent.refresh().await?;
                linked.into_iter().map(|identity| AgentEvent::Linked { identity }).collect()
            }
        };
        for event in events {
            output.event(&event);
            linked |= matches!(&event, AgentEvent::Linked { identity } if identity.hash() == hash);
        }
    }
    // What has come by now comes only once.
    while let Some(event) = next_before(agent, Instant::now() + QUIET).await? {
        output.event(&event);
    }
    Ok(())
}

async fn verify(agent: &mut Agent, what: &[String], output: &Output) -> Result<(), Failure> {
    let (named, code) = named_and_code(what)?;
    let hash = named.hash();
    let identity = match named {
        Named::Hash(hash) => agent.verify(&hash, code).await?,
        Named::Identity(identity) => {
            agent.verify_identity(&identity, code).await?;
            Some(identity)
        }
    };
    let name = identity.map_or_else(|| hash.clone(), |identity| identity.to_string());
    output.say(&format!("{name} is linked to you now."), json!({ "hash": hash, "confirmed": true }));
    Ok(())
}

fn named_and_code(what: &[String]) -> Result<(Named, &str), Failure> {
    match what {
        [named, code] => Ok((named.parse().map_err(Failure::Usage)?, code)),
        [provider, id, code] => Ok((Named::Identity(Identity::new(provider, id)?), code)),
        _ => Err(Failure::Usage("verify needs HASH CODE, or PROVIDER ID CODE".into())),
    }
}

async fn introduce(agent: &mut Agent, here: bool, output: &Output) -> Result<(), Failure> {
    let scope = if here { Scope::Here } else { Scope::Peers };
    let asked = agent.introduce_to(scope).await?;
    let book = agent.book();
    let contacts = book.contacts().len();
    let mut words =
        format!("Asked for {} numbers and addresses of {contacts} contacts", asked.hashes - asked.aliases);
    if asked.aliases > 0 {
        words += &format!(", and for {} other forms of them", asked.aliases);
    }
    words += ". Whoever is there and wants to will answer.";
    output.say(
        &words,
        json!({
            "contacts": contacts,
            "hashes": asked.hashes,
            "aliases": asked.aliases,
            "requests": asked.requests,
            "left": asked.left,
            "skipped": book.skipped().len(),
            "reasons": book::reasons(book),
        }),
    );
    match asked.left {
        0 => Ok(()),
        left => Err(Failure::Limit { left }),
    }
}

async fn confirm(
    agent: &mut Agent,
    whose: &BareJid,
    hashes: &[String],
    output: &Output,
) -> Result<(), Failure> {
    let answer = agent.session().who_confirms(whose, hashes).await?;
    let by = answer.service.as_ref().map_or_else(String::new, |service| format!(", says {service}"));
    let words = match (answer.confirmed, hashes.len()) {
        (true, 1) => format!("Yes, this belongs to {whose}{by}."),
        (true, _) => format!("Yes, all of these belong to {whose}{by}."),
        (false, 1) => format!("No, this does not belong to {whose}."),
        (false, _) => format!("No, not all of these belong to {whose}."),
    };
    let mut told = json!(answer);
    told["jid"] = json!(whose);
    output.say(&words, told);
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

/// Without a hash: everything. The command line says which.
async fn forget(agent: &mut Agent, hashes: &[String], output: &Output) -> Result<(), Failure> {
    let (words, forgotten) = match hashes {
        [] => ("Forgotten: nothing is linked to you any more.".to_owned(), json!("all")),
        [_] => ("Forgotten.".to_owned(), json!(hashes)),
        many => (format!("Forgotten, all {} of them.", many.len()), json!(hashes)),
    };
    match hashes {
        [] => agent.forget_all().await?,
        hashes => agent.forget(hashes).await?,
    }
    output.say(&words, json!({ "forgotten": forgotten }));
    Ok(())
}

/// Without a JID: everybody. The command line says which.
async fn mute(session: &Session, jids: &[BareJid], output: &Output) -> Result<(), Failure> {
    if jids.is_empty() {
        session.mute_all().await?;
        output.say("Muted: no contact requests reach you any more.", json!({ "muted": "all" }));
    }
    for jid in jids {
        session.mute(jid).await?;
        output.say(
            &format!("Muted: contact requests of {jid} do not reach you any more."),
            json!({ "muted": jid }),
        );
    }
    Ok(())
}

/// Without a JID: everybody. The command line says which.
async fn unmute(session: &Session, jids: &[BareJid], output: &Output) -> Result<(), Failure> {
    if jids.is_empty() {
        session.unmute_all().await?;
        output.say("Everybody's contact requests reach you again.", json!({ "unmuted": "all" }));
    }
    for jid in jids {
        session.unmute(jid).await?;
        output.say(&format!("{jid} is not muted any more."), json!({ "unmuted": jid }));
    }
    if !jids.is_empty() && session.mutes().await?.everybody {
        output.hint("But all contact requests are muted still: unmute --all ends that.");
    }
    Ok(())
}

async fn mutes(session: &Session, output: &Output) -> Result<(), Failure> {
    let muted = session.mutes().await?;
    match (muted.everybody, muted.jids.is_empty()) {
        (true, _) => output.say("all", json!({ "muted": "all" })),
        (false, true) => output.hint("Nobody is muted."),
        (false, false) => {}
    }
    for jid in muted.jids {
        output.say(jid.as_str(), json!({ "muted": jid }));
    }
    Ok(())
}

/// The next event, or `None` when the time is over. A lost connection is a failure.
async fn next_before(agent: &mut Agent, deadline: Instant) -> Result<Option<AgentEvent>, Failure> {
    match timeout_at(deadline, next(agent)).await {
        Ok(event) => event.map(Some),
        Err(_) => Ok(None),
    }
}

/// The next event. A lost connection is a failure.
pub async fn next(agent: &mut Agent) -> Result<AgentEvent, Failure> {
    match agent.next_event().await {
        Some(AgentEvent::Disconnected { reason }) => Err(Failure::Disconnected(reason)),
        Some(event) => Ok(event),
        None => Err(Error::Disconnected.into()),
    }
}
