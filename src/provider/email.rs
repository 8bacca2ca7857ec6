//! E-mail addresses, and `[providers.email]`.

mod inbound;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::Address;
use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub use self::inbound::InboundSection;
use super::{Inbox, Place, ProviderKind, ProviderSection, Way};
use crate::channel::dkim::Dkim;
use crate::channel::email::{Email, Letterhead};
use crate::channel::smtp::{Hello, MailServer, hello_name};
use crate::section::{ConfigError, Mistakes, cleartext, secret, unusable};
use crate::store::Queue;

impl Queue {
    /// E-mails.
    pub const EMAIL: Self = Self::new(2, "email");
}

/// Codes go by mail, each with a link to a page where it can be entered.
pub const KIND: ProviderKind = ProviderKind {
    name: "email",
    subject: "e-mail",
    queue: Queue::EMAIL,
    code: |rules| rules.email,
    is_suppressible: true,
    has_links: true,
    has_reports: false,
    range: |_| None,
};

/// `[providers.email]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSection {
    smtp: Option<SecretString>,
    smtp_file: Option<PathBuf>,
    /// `true` if the connection to the SMTP server of another machine may be without TLS.
    #[serde(default)]
    allow_cleartext: bool,
    hello_name: Option<String>,
    /// The sender of the mails.
    #[serde(deserialize_with = "sender")]
    from: Mailbox,
    /// The address to which servers return mails that they cannot deliver; `None`: the sender's.
    bounce: Option<String>,
    /// The key that signs the mails.
    dkim: Option<DkimSection>,
    /// The address that people write to, to prove theirs.
    inbound: Option<InboundSection>,
    /// The number of mails a day.
    #[serde(default = "EmailSection::default_budget")]
    budget: u32,
}

/// `[providers.email.dkim]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimSection {
    selector: String,
    domain: String,
    key: Option<SecretString>,
    key_file: Option<PathBuf>,
}

impl DkimSection {
    fn dkim(&self) -> Result<Dkim, ConfigError> {
        const KEY: &str = "providers.email.dkim.key";
        let key = secret(KEY, &self.key, &self.key_file)?;
        let key = key.ok_or_else(|| unusable(KEY, "set key_file to the file of a private key in PEM"))?;
        let names = [("selector", &self.selector), ("domain", &self.domain)];
        let is_name = |name: &str| {
            let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(usual);
            name.len() <= 253 && name.split('.').all(is_label)
        };
        if let Some((wrong, _)) = names.into_iter().find(|(_, name)| !is_name(name)) {
            let key = format!("providers.email.dkim.{wrong}");
            return Err(unusable(
                &key,
                "expected a name in the DNS, of ASCII letters, digits, - and dots",
            ));
        }
        Dkim::new(&self.selector, &self.domain, key.expose_secret()).map_err(|error| unusable(KEY, error))
    }
}

impl EmailSection {
    fn default_budget() -> u32 {
        10_000
    }

    /// Returns the SMTP server.
    fn server(&self) -> Result<MailServer, ConfigError> {
        const KEY: &str = "providers.email.smtp";
        let url = secret(KEY, &self.smtp, &self.smtp_file)?.ok_or_else(|| {
            unusable(
                KEY,
                "set it, or smtp_file, to a URL like smtps://user:password@mail.example.org",
            )
        })?;
        let hello = match &self.hello_name {
            Some(name) => {
                let name = hello_name(name).map_err(|error| unusable("providers.email.hello_name", error))?;
                Hello::Configured(name)
            }
            None => Hello::usual(),
        };
        let server = MailServer::new(url.expose_secret(), hello).map_err(|error| unusable(KEY, error))?;
        match server.is_open_to_others() && !self.allow_cleartext {
            true => Err(cleartext(
                KEY,
                "smtps://, or smtp:// with ?tls=required",
                "providers.email",
            )),
            false => Ok(server),
        }
    }

    fn bounce(&self) -> Result<Option<Address>, ConfigError> {
        let bounce = self.bounce.as_deref().map(str::parse).transpose();
        bounce.map_err(|_| unusable("providers.email.bounce", "expected an address like bounces@example.org"))
    }

    fn dkim(&self) -> Result<Option<Dkim>, ConfigError> {
        self.dkim.as_ref().map(DkimSection::dkim).transpose()
    }

    fn email(&self, place: &Place) -> Result<Email, String> {
        let server = self.server().map_err(|error| error.to_string())?;
        let head = Letterhead {
            from: self.from.clone(),
            bounce: self.bounce().map_err(|error| error.to_string())?,
            service: place.service.clone(),
            operator: place.operator.clone(),
            url: place.url.clone(),
            public_url: place.public_url.clone(),
            dkim: self.dkim().map_err(|error| error.to_string())?,
        };
        Ok(Email::new(server, head))
    }
}

impl ProviderSection for EmailSection {
    fn check(&self, _: &Place) -> Result<(), Mistakes> {
        let mut found = Mistakes::default();
        found.take(self.server());
        found.take(self.bounce());
        found.take(self.dkim());
        found.take(self.inbound.as_ref().map_or(Ok(()), InboundSection::check));
        found.unless(
            self.budget > 0,
            "providers.email.budget",
            "must be at least 1; without [providers.email], no mail is sent",
        );
        found.result()
    }

    fn budgets(&self) -> BTreeMap<String, u32> {
        [(String::new(), self.budget)].into()
    }

    fn inbox(&self, mailbox: Option<&str>) -> Option<Inbox> {
        mailbox.map(|address| Inbox {
            address: address.to_owned(),
            prefixes: vec![String::new()],
        })
    }

    fn inbound(&self) -> Option<&InboundSection> {
        self.inbound.as_ref()
    }

    fn way(&self, place: &Place) -> Result<Way, String> {
        Ok(Way::Code(KIND.queue, Arc::new(self.email(place)?)))
    }

    fn try_out<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, String>> {
        async {
            let checked = self.email(place)?.check().await;
            checked.map_err(|error| format!("providers.email.smtp: {error}"))
        }
        .boxed()
    }
}

const MAILBOX: &str = "a mailbox like \"Example contacts <verify@example.org>\"";

/// Reads a mailbox, written as text, or as a name and an address, as lettre does. Unlike lettre's, its type is declared
/// as text.
fn sender<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mailbox, D::Error> {
    struct Written;
    impl<'de> Visitor<'de> for Written {
        type Value = Mailbox;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(MAILBOX)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Mailbox, E> {
            text.parse().map_err(|_| E::custom(format!("expected {MAILBOX}")))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mailbox, A::Error> {
            Mailbox::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_string(Written)
}
