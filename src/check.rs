//! `itseme check`: whether the service could run, found out without changing anything.

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Config;
use crate::model::Keys;
use crate::store::sqlite::SqliteStore;
use crate::xmpp::stream;
use crate::{app, keyfile};

const PATIENCE: Duration = Duration::from_secs(15);

/// What was looked at, and what is wrong with it.
pub struct Finding {
    /// What it is about.
    pub subject: &'static str,
    /// What is good, or what is to be done.
    pub result: Result<String, String>,
}

/// Looks at everything that `config` names. With `login`, also tries the component's secret; not while the service runs:
/// some servers then disconnect it, or send the new connection what was meant for it.
pub async fn check(config: &Config, login: bool) -> Vec<Finding> {
    let mut findings = vec![
        Finding {
            subject: "key and database",
            result: database(config),
        },
        Finding {
            subject: "XMPP server",
            result: server(config, login).await,
        },
    ];
    if let Some(http) = &config.http {
        let free = std::net::TcpListener::bind(http.listen);
        findings.push(Finding {
            subject: "HTTP",
            result: match free {
                Ok(_) => Ok(format!("{} is free", http.listen)),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    Ok(format!("{} is in use: by the running service, I hope", http.listen))
                }
                Err(error) => Err(format!("http.listen {}: {error}", http.listen)),
            },
        });
    }
    let email = async {
        let Some(email) = app::email(config)? else {
            return not_offered("[providers.email]");
        };
        email.check().await.map(|()| "the SMTP server answers".into())
    };
    let sms = async {
        let Some(sms) = app::sms(config)? else {
            return not_offered("[providers.phone]");
        };
        sms.check().await.map(|()| "the gateway answers".into())
    };
    findings.push(Finding {
        subject: "e-mail",
        result: email.await,
    });
    findings.push(Finding {
        subject: "text messages",
        result: sms.await,
    });
    findings
}

fn not_offered(section: &str) -> Result<String, String> {
    Ok(format!("not offered: there is no {section}"))
}

fn database(config: &Config) -> Result<String, String> {
    let path = config.store.path().map_err(|error| error.to_string())?;
    let Some(key) = keyfile::load(&config.store)? else {
        return match path.exists() {
            true => Err(format!(
                "store.key_file {} is missing, but there is a database: put the key back from its backup",
                config.store.key_file.display()
            )),
            false => writable(path).map(|()| "both will be made on first start".into()),
        };
    };
    if !path.exists() {
        return writable(path).map(|()| "the database will be made on first start".into());
    }
    SqliteStore::check(path, Keys::new(&key).check())
        .map(|()| "they belong together".into())
        .map_err(|error| format!("store.url {}: {error}", path.display()))
}

fn writable(path: &Path) -> Result<(), String> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() && !metadata.permissions().readonly() => Ok(()),
        Ok(_) => Err(format!(
            "store.url: {} is no folder that can be written to",
            folder.display()
        )),
        Err(error) => Err(format!("store.url: the folder {}: {error}", folder.display())),
    }
}

async fn server(config: &Config, login: bool) -> Result<String, String> {
    let address = &config.component.server;
    let jid = config.component.jid.as_str();
    let told = |error: &dyn std::fmt::Display| format!("component.server {address}: {error}");
    let tcp = timeout(PATIENCE, TcpStream::connect((address.host.as_str(), address.port)))
        .await
        .map_err(|_elapsed| told(&"it does not answer"))?
        .map_err(|error| told(&error))?;
    let (read, mut write) = tcp.into_split();
    if login {
        let secret = config.component.secret().map_err(|error| error.to_string())?;
        let opened = stream::open(read, &mut write, jid, secret.expose_secret(), PATIENCE).await;
        return opened
            .map(|_| "it takes the component's secret".into())
            .map_err(|error| told(&error));
    }
    let greeted = timeout(PATIENCE, async {
        let (mut reader, _) = stream::greet(read, &mut write, jid).await?;
        // A server that does not know the component says so right behind its header.
        reader.next(Duration::from_millis(300)).await
    })
    .await;
    greeted
        .map_err(|_elapsed| told(&"it does not answer"))?
        .map(|_| format!("it answers at {address} (whether it takes the secret is tried with --login)"))
        .map_err(|error| told(&error))
}
