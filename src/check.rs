//! `itseme check`: tests if the service could run, without changing anything.

mod deliver;
mod inbox;
mod peers;
mod report;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ping::Ping;

pub use self::report::written;
use crate::config::{Config, Mistakes};
use crate::dial::Address;
use crate::listen::Listen;
use crate::model::{BareJid, Keys};
use crate::own_socket::{self, SocketState};
use crate::private::folder_of;
use crate::provider::{KINDS, ProviderKind};
use crate::store::{Database, StoreError};
use crate::xmpp::stream::{self, Incoming, StanzaReader};
use crate::xmpp::{StreamEnd, remedy};
use crate::{dial, keyfile, private, rekey};

const PATIENCE: Duration = Duration::from_secs(15);
/// The time without a stanza after which one is asked for again.
const ANSWER: Duration = Duration::from_secs(2);

/// A checked subject, and its fault.
pub struct Finding {
    /// The subject.
    pub subject: String,
    /// The good result, or the remedy.
    pub result: Result<String, String>,
}

impl Finding {
    fn new(subject: impl Into<String>, result: Result<String, String>) -> Self {
        let subject = subject.into();
        Self { subject, result }
    }
}

/// Returns the mistakes of the log's filter and of a configuration that cannot be used.
pub fn mistakes(log: Result<(), String>, config: Option<&Mistakes>) -> Vec<Finding> {
    let log = log.err().map(|wrong| Finding::new("log", Err(wrong)));
    let config = config.iter().flat_map(|mistakes| &mistakes.0);
    let config = config.map(|mistake| Finding::new("configuration", Err(mistake.to_string())));
    log.into_iter().chain(config).collect()
}

/// Checks all that `config` names. With `login`, also tries the component's secret. With an `account`, sends it a test
/// message. Both are not possible while the service runs: some servers then disconnect it, or send the new connection
/// its stanzas.
pub async fn check(config: &Config, login: bool, account: Option<&BareJid>) -> Vec<Finding> {
    let (server, peers) = server(config, login).await;
    let mut findings = vec![
        Finding::new("key and database", database(config)),
        Finding::new("XMPP server", server),
    ];
    findings.extend(peers);
    if let Some(account) = account {
        let result = match service_runs(config).await {
            true => Err(deliver::STOP_IT.into()),
            false => deliver::deliver(config, account).await,
        };
        findings.push(Finding::new("delivery", result));
    }
    if let Some(http) = &config.http {
        findings.push(Finding::new("HTTP", listener(&http.listen).await));
    }
    if let Some(monitor) = &config.monitor {
        findings.push(Finding::new("monitor", monitor_listener(monitor.listen).await));
    }
    findings.extend(providers(config).await);
    if let Some(inbound) = &config.inbound {
        findings.push(Finding::new(
            "inbox",
            inbox::inbox(inbound, service_runs(config).await).await,
        ));
    }
    let exposed = exposed(config);
    if !exposed.is_empty() {
        findings.push(Finding::new("secrets", Err(exposed.join("; "))));
    }
    if !config.leftovers.is_empty() {
        let left = config.leftovers.join(", ");
        let result = format!("these keys still have the values of component.toml.example: {left}");
        findings.push(Finding::new("configuration", Err(result)));
    }
    findings
}

/// Returns `true` if the service runs, as far as it shows itself.
async fn service_runs(config: &Config) -> bool {
    if let Some(socket) = config.admin.socket()
        && matches!(own_socket::state(socket).await, Ok(SocketState::Taken))
    {
        return true;
    }
    match &config.http {
        Some(http) => service_answers(&http.listen).await,
        None => false,
    }
}

/// Checks if the monitor's address is free, or taken by the running service.
async fn monitor_listener(address: SocketAddr) -> Result<String, String> {
    if !is_taken("monitor.listen", address)? {
        return Ok(format!("{address} is free"));
    }
    match ask(client(), format!("http://{address}/livez")).await {
        Some(answer) if answer.status().is_success() => Ok(format!("the service answers at {address}")),
        _ => Err(format!(
            "monitor.listen {address}: another program listens there; choose another address"
        )),
    }
}

/// Tries out all providers, those that are not offered among them.
async fn providers(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_offered = |name: &str| config.providers.iter().any(|(offered, _)| offered == name);
    let missing = |kind: &&&ProviderKind| kind.name != "xmpp" && !is_offered(kind.name);
    for kind in KINDS.iter().filter(missing) {
        let result = format!("not offered: there is no [providers.{}]", kind.name);
        findings.push(Finding::new(kind.subject, Ok(result)));
    }
    for (place, section) in config.providers() {
        let kind = KINDS.iter().find(|kind| kind.name == place.name);
        let subject = kind.map_or_else(|| format!("sign-in at {}", place.name), |kind| kind.subject.to_owned());
        findings.push(Finding::new(subject, section.try_out(&place).await));
    }
    findings
}

/// Returns the secrets and folders that others on the same machine can reach, with a remedy for each.
pub fn exposed(config: &Config) -> Vec<String> {
    let database = config.store.database().ok();
    let folders = [
        ("store.url", database.as_ref().and_then(Database::file)),
        ("store.key_file", Some(&*config.store.key_file)),
    ];
    let open = folders.into_iter().filter_map(|(key, path)| {
        let folder = folder_of(path?);
        let reason = private::check_folder(folder).err().filter(|_| folder.exists())?;
        Some(format!("{key}: the folder {}: {reason}", folder.display()))
    });
    config.exposed.iter().cloned().chain(open).collect()
}

fn database(config: &Config) -> Result<String, String> {
    let database = config.store.database().map_err(|error| error.to_string())?;
    let told = |error: StoreError| format!("store.url {database}: {error}");
    let exists = database.exists().map_err(told)?;
    let Some(key) = keyfile::load(&config.store)? else {
        return match exists {
            true => Err(format!(
                "store.key_file {} is missing, but there is a database: put the key back from its backup",
                config.store.key_file.display()
            )),
            false => writable("store.key_file", &config.store.key_file)
                .and_then(|()| can_be_made(&database))
                .map(|()| "both will be made on first start".into()),
        };
    };
    if !exists {
        return can_be_made(&database).map(|()| "the database will be made on first start".into());
    }
    let next = keyfile::load_next(&config.store)?.map(|next| Keys::new(&next));
    let keys = rekey::keyring_of(&database, &Keys::new(&key), next.as_ref())?;
    let found = database.check(Some(keys.current.check())).map_err(told)?;
    let unread = keyfile::unread(&config.store)?.map(|which| format!("; {which}"));
    Ok(format!("they belong together{found}{}", unread.unwrap_or_default()))
}

/// Checks if a database can be made where there is none.
fn can_be_made(database: &Database) -> Result<(), String> {
    match database.file() {
        Some(file) => writable("store.url", file),
        None => database
            .check(None)
            .map(drop)
            .map_err(|error| format!("store.url {database}: {error}")),
    }
}

/// Checks if a file can be made at `path`, which `key` names.
fn writable(key: &str, path: &Path) -> Result<(), String> {
    let folder = folder_of(path);
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
        format!(
            "{key}: no file can be made in the folder {}: {error}. Make the folder, and give it to this user",
            folder.display()
        )
    })
}

/// Checks if the address is free, or taken by the running service.
async fn listener(listen: &Listen) -> Result<String, String> {
    let is_taken = match listen {
        Listen::Tcp(address) => is_taken("http.listen", *address)?,
        Listen::Unix(path) => is_socket_taken("http.listen", path).await?,
        Listen::Systemd => {
            return Ok("systemd passes on the socket: see systemctl status itseme.socket".into());
        }
    };
    if !is_taken {
        let made = match listen {
            Listen::Unix(path) if is_made_at_start(folder_of(path)) => {
                "; the folder will be made at the start, by systemd (RuntimeDirectory=)"
            }
            _ => "",
        };
        return Ok(format!("{listen} is free{made}"));
    }
    if service_answers(listen).await {
        Ok(format!("the service answers at {listen}"))
    } else {
        Err(format!(
            "http.listen {listen}: another program listens there; stop it, or choose another address"
        ))
    }
}

/// Returns `true` if somebody listens at the address, which `key` names.
fn is_taken(key: &str, address: SocketAddr) -> Result<bool, String> {
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(true),
        Err(error) => {
            let remedy = match error.kind() {
                ErrorKind::PermissionDenied => "choose a port from 1024 on: those below are for root",
                _ => "choose an address of this machine",
            };
            Err(format!("{key} {address}: {error}; {remedy}"))
        }
    }
}

/// Checks if a socket can be made at the path, or somebody listens there. `key` names it.
async fn is_socket_taken(key: &str, path: &Path) -> Result<bool, String> {
    let told = |what: &dyn std::fmt::Display| format!("{key} unix:{}: {what}", path.display());
    match own_socket::state(path).await.map_err(|error| told(&error))? {
        SocketState::Free if is_made_at_start(folder_of(path)) => Ok(false),
        SocketState::Free | SocketState::Stale => writable(key, path).map(|()| false),
        SocketState::Taken => Ok(true),
        SocketState::NoSocket => Err(told(
            &"there is a file that is no socket; remove it, or choose another path",
        )),
    }
}

/// Returns true for a missing folder of /run: systemd makes it when the service starts, and removes it with the end.
fn is_made_at_start(folder: &Path) -> bool {
    folder.parent() == Some(Path::new("/run")) && !folder.exists()
}

async fn service_answers(listen: &Listen) -> bool {
    let (client, url) = match listen {
        Listen::Tcp(address) => (client(), format!("http://{address}/version")),
        Listen::Unix(path) => (
            client().unix_socket(path.as_path()),
            "http://localhost/version".to_owned(),
        ),
        Listen::Systemd => return false,
    };
    match ask(client, url).await {
        Some(answer) => answer
            .json::<serde_json::Value>()
            .await
            .is_ok_and(|body| body["version"].is_string()),
        None => false,
    }
}

/// Returns a client for the service itself, which no proxy is asked for.
fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE)
}

async fn ask(client: reqwest::ClientBuilder, url: String) -> Option<reqwest::Response> {
    client.build().ok()?.get(url).send().await.ok()
}

/// Checks the XMPP server, and over a connection that is logged in also the peers.
async fn server(config: &Config, login: bool) -> (Result<String, String>, Vec<Finding>) {
    let address = &config.component.server;
    let found = match timeout(PATIENCE, attach(config, login)).await {
        Ok(Ok((mut reader, mut write))) if login => {
            let heard = hears(&mut reader, &mut write, &config.component.jid).await;
            let peers = peers::ask(config, &mut reader, &mut write).await;
            return (heard, peers);
        }
        Ok(Ok(_)) => Ok(format!(
            "it answers at {address} (--login tries this domain and the secret as well)"
        )),
        Ok(Err(StreamEnd::Error { condition, .. })) if login && condition == "conflict" => {
            Ok("it takes the component's secret; the service is connected already".into())
        }
        Ok(Err(end)) => Err(format!("{end}; {}", remedy(&end, &config.component.jid, address))),
        Err(_elapsed) => Err(format!(
            "component.server {address}: it does not answer. Is it the component listener?"
        )),
    };
    let reason = match login {
        true => "there is no connection of this check to the XMPP server",
        false => "--login asks it",
    };
    (found, peers::unasked(config, reason))
}

/// Greets the server as the component, and with `login` also authenticates.
async fn attach(config: &Config, login: bool) -> Result<(StanzaReader<OwnedReadHalf>, OwnedWriteHalf), StreamEnd> {
    let Address { host, port } = &config.component.server;
    let (read, mut write) = dial::connect(host, *port).await?.into_split();
    let jid = config.component.jid.as_str();
    if login && let Ok(secret) = config.component.secret() {
        let reader = stream::open(read, &mut write, jid, secret.expose_secret(), PATIENCE).await?;
        return Ok((reader, write));
    }
    let (mut reader, _) = stream::greet(read, &mut write, jid).await?;
    // A server that does not know the component sends an error right after its header.
    reader.next(Duration::from_millis(300)).await?;
    Ok((reader, write))
}

/// Checks if a stanza comes over a connection that is logged in: anybody's, or the own ping to the own JID. It is asked for again and
/// again, because a server may give it to another connection of the same component (ejabberd, jabberd2).
async fn hears(
    reader: &mut StanzaReader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
    jid: &BareJid,
) -> Result<String, String> {
    let own: Jid = jid.clone().into();
    let ping = Iq::from_get("check", Ping).with_from(own.clone()).with_to(own);
    let first_stanza = async {
        let ping = stream::serialise(&ping)?;
        loop {
            write.write_all(&ping).await?;
            if !matches!(reader.next(ANSWER).await?, Incoming::Silence) {
                return Ok::<_, StreamEnd>(());
            }
        }
    };
    let takes = "it takes the component's secret";
    match timeout(PATIENCE, first_stanza).await {
        Ok(Ok(())) => Ok(format!("{takes}, and relays stanzas")),
        Ok(Err(end)) => Err(format!("{takes}, but then: {end}. See the server's log")),
        Err(_elapsed) => Err(format!(
            "{takes}, but no stanza arrives, not even one to {jid}: does the server relay stanzas to that domain?"
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_a_folder_that_systemd_makes_may_be_missing() {
        let at = |path: &str| Listen::Unix(path.into());
        let told = listener(&at("/run/itseme-of-a-test/http.sock")).await.unwrap();
        assert!(told.contains("will be made at the start"), "{told}");
        for path in [
            "/run/itseme-of-a-test/below/http.sock",
            "/srv/itseme-of-a-test/http.sock",
        ] {
            let told = listener(&at(path)).await.unwrap_err();
            assert!(told.contains("Make the folder"), "{told}");
        }
        let folder = tempfile::tempdir().unwrap();
        let there = listener(&Listen::Unix(folder.path().join("http.sock"))).await.unwrap();
        assert!(there.ends_with("http.sock is free"), "{there}");
    }
}
