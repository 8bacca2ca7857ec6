//! The address of a database: a URL, completed from the variables that PostgreSQL's own programs read.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use super::error;
use super::tls;
use crate::store::{Result, StoreError};

/// The time limit for an answer. The server has the same for a statement, and for the next one of a transaction.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The time limit for a connection.
const CONNECTING: Duration = Duration::from_secs(5);
/// The time after which a silent connection is tested, and the pause between two tests. Three without an answer end it.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));

/// Takes the payloads of notifications (`NOTIFY`).
pub type Notifications = UnboundedSender<String>;

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Config,
    /// `true` if the server must show a certificate for its name.
    verifies: bool,
    /// The file with the certificates of authorities; `None` for those of the system.
    root: Option<PathBuf>,
}

impl Address {
    /// Reads a URL (PostgreSQL 15, 34.1.1.2). It may name no host, user, database or password: then `PGHOST`, `PGPORT`,
    /// `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE` and `PGSSLROOTCERT` do (`PGPORT` if it names no
    /// host, either).
    ///
    /// # Errors
    /// In words an admin can act on, without the URL, which may hold a password.
    pub fn of_url(url: &str) -> std::result::Result<Self, String> {
        Self::with(url, |name| std::env::var(name).ok())
    }

    fn with(url: &str, variable: impl Fn(&str) -> Option<String>) -> std::result::Result<Self, String> {
        let (url, mode, root) = own_parameters(url)?;
        let mode = mode.or_else(|| variable("PGSSLMODE"));
        let root = root.or_else(|| variable("PGSSLROOTCERT"));
        let mut config: Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| error::chain(&error))?;
        complete(&mut config, &variable)?;
        let has_at = |host: &Host| matches!(host, Host::Tcp(host) if host.contains('@'));
        if config.get_hosts().iter().any(has_at) {
            return Err("write @ and / in user and password as %40 and %2F".into());
        }
        let is_local = match config.get_hostaddrs() {
            [] => config.get_hosts().iter().all(is_local),
            // Whatever the host is called.
            addresses => addresses.iter().all(IpAddr::is_loopback),
        };
        let verifies = match mode.as_deref() {
            Some("disable") => false,
            None => !is_local,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some("allow" | "prefer") => return Err(
                "sslmode allow and prefer can be made to send everything in clear: use verify-full, or disable on a network that \
                 nobody else uses"
                    .into(),
            ),
            Some(_) => return Err("sslmode: expected verify-full or disable".into()),
        };
        config.ssl_mode(if verifies { SslMode::Require } else { SslMode::Disable });
        config.application_name("itseme").connect_timeout(CONNECTING);
        config
            .keepalives_idle(KEEPALIVE.0)
            .keepalives_interval(KEEPALIVE.1)
            .keepalives_retries(3);
        config.tcp_user_timeout(PATIENCE);
        Ok(Self {
            config,
            verifies,
            root: root.filter(|root| root != "system").map(PathBuf::from),
        })
    }

    /// Connects. The connection is served by a task of the present runtime, which passes on to `told` what the server says by
    /// itself.
    ///
    /// # Errors
    /// `Unavailable`, with the cause.
    pub async fn connect(&self, told: Notifications) -> Result<Client> {
        match self.verifies {
            true => {
                let tls = tls::connector(self.root.as_deref()).map_err(StoreError::Unavailable)?;
                self.connect_over(tls, told).await
            }
            false => self.connect_over(NoTls, told).await,
        }
    }

    async fn connect_over<T>(&self, tls: T, told: Notifications) -> Result<Client>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let failed = |error: tokio_postgres::Error| {
            let remedy = match error.code() {
                Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                    "; check user and password in store.url, and pg_hba.conf"
                }
                Some(&SqlState::INVALID_CATALOG_NAME) => "; make it (createdb), or name another in store.url",
                _ => "",
            };
            StoreError::Unavailable(format!("{}{remedy}", error::chain(&error)))
        };
        // The library's limit is for the socket alone, and not for the handshake.
        let connected = timeout(CONNECTING, self.config.connect(tls)).await;
        let silent = |_elapsed| StoreError::Unavailable("PostgreSQL does not answer".into());
        let (client, mut connection) = connected.map_err(silent)?.map_err(failed)?;
        let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
        tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(notification) = message {
                    let _ = told.send(notification.payload().to_owned());
                }
            }
        });
        Ok(client)
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        write!(f, "postgres://{host}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

/// Two addresses are equal if the database is the same one, by name.
impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl Eq for Address {}

/// As it is shown: the password is in no log.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes `sslmode` and `sslrootcert` out of a URL: the library knows less of them than PostgreSQL does.
fn own_parameters(url: &str) -> std::result::Result<(String, Option<String>, Option<String>), String> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None, None));
    };
    let (mut mode, mut root) = (None, None);
    let mut kept = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(query.replace('+', "%2B").as_bytes()) {
        match &*key {
            "sslmode" => mode = Some(value.into_owned()),
            "sslrootcert" => root = Some(value.into_owned()),
            "sslcert" | "sslkey" | "passfile" | "service" => {
                return Err(format!(
                    "{key} is not supported: use a password, or peer authentication over a socket"
                ));
            }
            _ => _ = kept.append_pair(&key, &value),
        }
    }
    // A plus sign is no space in these URLs.
    Ok((format!("{base}?{}", kept.finish().replace('+', "%20")), mode, root))
}

/// Sets what the URL leaves out.
fn complete(config: &mut Config, variable: impl Fn(&str) -> Option<String>) -> std::result::Result<(), String> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        let default = || {
            let sockets = ["/run/postgresql", "/tmp"];
            let found = sockets
                .iter()
                .find(|folder| Path::new(folder).join(".s.PGSQL.5432").exists());
            found.unwrap_or(&"localhost").to_string()
        };
        config.host(variable("PGHOST").unwrap_or_else(default));
    }
    if config.get_ports().is_empty()
        && let Some(port) = variable("PGPORT")
    {
        config.port(port.parse().map_err(|_| "PGPORT: expected a port, like 5432")?);
    }
    if config.get_user().is_none() {
        let user = variable("PGUSER")
            .or_else(|| variable("USER"))
            .or_else(|| variable("LOGNAME"));
        config.user(user.ok_or("it names no user, and there is no PGUSER: write postgres://USER@…")?);
    }
    if config.get_password().is_none()
        && let Some(password) = variable("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none() {
        let name = variable("PGDATABASE").or_else(|| config.get_user().map(str::to_owned));
        config.dbname(name.unwrap_or_default());
    }
    Ok(())
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(host) => host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(url: &str, variables: &[(&str, &str)]) -> std::result::Result<Address, String> {
        Address::with(url, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_url_names_everything() {
        let address = read(
            "postgres://amy:pass%20word@db.example.org:5433/itseme",
            &[("PGUSER", "eve")],
        )
        .unwrap();
        assert_eq!(address.config.get_hosts(), [Host::Tcp("db.example.org".into())]);
        assert_eq!(address.config.get_ports(), [5433]);
        assert_eq!(
            (address.config.get_user(), address.config.get_dbname()),
            (Some("amy"), Some("itseme"))
        );
        assert_eq!(address.config.get_password(), Some(&b"pass word"[..]));
        assert_eq!(address.to_string(), "postgres://db.example.org/itseme");
        assert!(!format!("{address:?}").contains("pass"));
    }

    #[test]
    fn variables_name_the_rest() {
        let variables = [
            ("PGHOST", "/run/here"),
            ("PGPORT", "5434"),
            ("PGUSER", "amy"),
            ("PGPASSWORD", "word"),
            ("PGDATABASE", "links"),
        ];
        for url in ["postgres://", "postgresql://"] {
            let address = read(url, &variables).unwrap();
            assert_eq!(address.config.get_hosts(), [Host::Unix("/run/here".into())]);
            assert_eq!(
                (address.config.get_ports(), address.config.get_user()),
                (&[5434][..], Some("amy"))
            );
            assert_eq!(
                (address.config.get_password(), address.config.get_dbname()),
                (Some(&b"word"[..]), Some("links"))
            );
        }
        let socket = read("postgres:///links?host=/run/there&user=eve", &variables).unwrap();
        assert_eq!(socket.config.get_hosts(), [Host::Unix("/run/there".into())]);
        assert_eq!(socket.config.get_user(), Some("eve"));
        assert!(read("postgres://", &[("PGHOST", "x")]).unwrap_err().contains("PGUSER"));
        assert!(
            read("postgres://", &[("PGUSER", "a"), ("PGPORT", "x")])
                .unwrap_err()
                .contains("PGPORT")
        );
    }

    #[test]
    fn what_would_show_a_password_is_refused() {
        let wrong = read("postgres://amy:s3/cr@et@db.example.org/x", &[]).unwrap_err();
        assert!(wrong.contains("%40") && !wrong.contains("cr"), "{wrong}");
        let address = read("postgres://db.example.org/x?user=amy&password=a+b%20c", &[]).unwrap();
        assert_eq!(address.config.get_password(), Some(&b"a+b c"[..]));
    }

    #[test]
    fn certificates_are_verified_unless_nobody_is_between() {
        let verifies = |url: &str| read(url, &[]).map(|address| address.verifies);
        for local in [
            "postgres://a@localhost/x",
            "postgres://a@127.0.0.1/x",
            "postgres://a@%2Frun/x",
        ] {
            assert!(!verifies(local).unwrap(), "{local}");
            assert!(verifies(&format!("{local}?sslmode=verify-full")).unwrap());
        }
        let away = "postgres://a@db.example.org/x";
        assert!(verifies(away).unwrap());
        assert!(!verifies(&format!("{away}?sslmode=disable")).unwrap());
        assert!(verifies(&format!("{away}?sslmode=require&sslrootcert=/etc/ca.pem")).unwrap());
        let called_local = verifies("postgres://a@localhost/x?hostaddr=192.0.2.1");
        assert!(called_local.unwrap(), "whatever it is called");
        assert!(!verifies("postgres://a@db.example.org/x?hostaddr=127.0.0.1").unwrap());
        for wrong in ["prefer", "allow", "nonsense"] {
            assert!(
                verifies(&format!("{away}?sslmode={wrong}"))
                    .unwrap_err()
                    .contains("sslmode"),
                "{wrong}"
            );
        }
        assert!(verifies(&format!("{away}?sslcert=x")).unwrap_err().contains("sslcert"));
    }
}
