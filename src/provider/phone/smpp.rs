//! SMSCs over SMPP 3.4.

use std::str::FromStr;
use std::sync::Arc;

use rustls::ClientConfig;
use secrecy::ExposeSecret;
use url::Url;

use super::{GatewayKeys, GatewayKind};
use crate::channel::cleartext::is_here;
use crate::channel::sms::Gateway;
use crate::channel::sms::smpp::{Account, Alphabet, Password, Sender, Smpp, SmppAddress, SystemType, User};
use crate::dial::{Address, tls};
use crate::section::{ConfigError, Mistakes, cleartext, unusable};

pub static DECLARED: GatewayKind = GatewayKind {
    name: "smpp",
    keys: &[
        "url",
        "user",
        "password",
        "password_file",
        "from",
        "ton_npi",
        "system_type",
        "alphabet",
    ],
    can_call: false,
    new,
};

/// The ports of SMPP, without and with TLS.
const PORTS: [u16; 2] = [2775, 2776];
/// The longest number of digits that is not international.
const SHORT: usize = 8;

fn new(keys: &GatewayKeys) -> Result<Arc<dyn Gateway>, Mistakes> {
    let mut found = Mistakes::default();
    let address = found.take(address(keys));
    let user = keys.needed("user", "your system_id");
    let user = user.and_then(|user| {
        let remedy = "expected at most 15 characters of ASCII (SMPP has no room for more)";
        User::from_str(&user).map_err(|_long| unusable(keys.path("user"), remedy))
    });
    let user = found.take(user);
    let password = found.take(password(keys));
    let system_type = SystemType::from_str(keys.text("system_type").unwrap_or_default()).map_err(|_long| {
        let remedy = "expected at most 12 characters of ASCII";
        unusable(keys.path("system_type"), remedy)
    });
    let system_type = found.take(system_type);
    let from = found.take(sender(keys));
    let alphabet = found.take(alphabet(keys));
    match (address, user, password, system_type, from, alphabet) {
        (Some((address, tls)), Some(user), Some(password), Some(system_type), Some(from), Some(alphabet)) => {
            Ok(Smpp::of(Account {
                section: keys.section.clone(),
                address,
                tls,
                user,
                password,
                system_type,
                from,
                alphabet,
            }))
        }
        _ => Err(found),
    }
}

/// Returns the address, and the settings of TLS, if it speaks that.
fn address(keys: &GatewayKeys) -> Result<(Address, Option<Arc<ClientConfig>>), ConfigError> {
    let url = keys.needed("url", "the address of the SMSC, like smpps://smsc.example.org:2776")?;
    let wrong = || unusable(keys.path("url"), "expected a URL like smpps://smsc.example.org:2776");
    let url = Url::parse(&url).map_err(|_unclear| wrong())?;
    let is_tls = match url.scheme() {
        "smpp" => false,
        "smpps" => true,
        _ => return Err(wrong()),
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
    let is_bare = is_bare && url.query().is_none() && url.fragment().is_none();
    let host = url
        .host_str()
        .filter(|host| is_bare && !host.is_empty())
        .ok_or_else(wrong)?;
    if !is_tls && !is_here(host) && !keys.allow_cleartext {
        return Err(cleartext(keys.path("url"), "smpps://", "providers.phone"));
    }
    let address = Address {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(PORTS[usize::from(is_tls)]),
    };
    let tls = is_tls.then(|| tls::client(tls::authorities())).transpose();
    let tls = tls.map_err(|fault| unusable(keys.path("url"), fault))?;
    Ok((address, tls.map(Arc::new)))
}

fn password(keys: &GatewayKeys) -> Result<Password, ConfigError> {
    let missing = "set it, or password_file, to the password of that user";
    let password = keys
        .secret("password")?
        .ok_or_else(|| unusable(keys.path("password"), missing))?;
    let remedy = "expected at most 8 characters of ASCII: SMPP has no room for more, so your SMSC compares fewer, or wants another one";
    Password::from_str(password.expose_secret()).map_err(|_long| unusable(keys.path("password"), remedy))
}

/// Returns who sends, with the type and plan that its form shows.
fn sender(keys: &GatewayKeys) -> Result<Sender, ConfigError> {
    let from = keys.text("from").unwrap_or_default();
    let digits = from.strip_prefix('+').unwrap_or(from);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number && !from.is_empty() && !from.contains(char::is_alphabetic) {
        return Err(unusable(
            keys.path("from"),
            "expected a number without spaces, like +447700900000",
        ));
    }
    let (place, (ton, npi)) = match is_number {
        // International, in the plan of telephones.
        true if digits.len() > SHORT || digits != from => (digits, (1, 1)),
        // Of that network.
        true => (digits, (3, 0)),
        false if from.is_empty() => (from, (0, 0)),
        // A name.
        false => (from, (5, 0)),
    };
    let longest = if ton == 5 { 11 } else { 20 };
    let remedy = "expected a number of at most 20 digits, or a name of at most 11 characters of ASCII";
    let place = SmppAddress::from_str(place)
        .ok()
        .filter(|place| place.as_str().len() <= longest);
    let place = place.ok_or_else(|| unusable(keys.path("from"), remedy))?;
    let (ton, npi) = ton_npi(keys)?.unwrap_or((ton, npi));
    Ok(Sender { ton, npi, place })
}

/// Returns the type and plan that the admin wishes.
fn ton_npi(keys: &GatewayKeys) -> Result<Option<(u8, u8)>, ConfigError> {
    let Some(text) = keys.text("ton_npi") else {
        return Ok(None);
    };
    let both = text.split_once('/').and_then(|(ton, npi)| {
        let number = |text: &str| text.trim().parse().ok();
        Some((number(ton)?, number(npi)?))
    });
    let remedy = "expected the type (TON) and the plan (NPI) of from, as numbers, like \"5/0\"";
    both.map(Some).ok_or_else(|| unusable(keys.path("ton_npi"), remedy))
}

fn alphabet(keys: &GatewayKeys) -> Result<Alphabet, ConfigError> {
    match keys.text("alphabet") {
        None | Some("gsm") => Ok(Alphabet::Gsm),
        Some("latin1") => Ok(Alphabet::Latin1),
        Some(_) => Err(unusable(keys.path("alphabet"), "expected \"gsm\" or \"latin1\"")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::super::PhoneSection;
    use super::*;
    use crate::provider::ProviderSection;

    fn keys(texts: &[(&str, &str)]) -> GatewayKeys {
        let texts = texts.iter().map(|(key, text)| ((*key).to_owned(), (*text).into()));
        GatewayKeys {
            texts: texts.collect::<BTreeMap<_, _>>(),
            ..GatewayKeys::default()
        }
    }

    #[test]
    fn the_form_of_the_sender_shows_its_type_and_plan() {
        for (from, expected) in [
            ("+447700900000", (1, 1, "447700900000")),
            ("447700900000", (1, 1, "447700900000")),
            ("+4477", (1, 1, "4477")),
            ("70707", (3, 0, "70707")),
            ("it-se.me", (5, 0, "it-se.me")),
            ("", (0, 0, "")),
        ] {
            let found = sender(&keys(&[("from", from)])).unwrap();
            assert_eq!((found.ton, found.npi, found.place.as_str()), expected);
        }
        let found = sender(&keys(&[("from", "70707"), ("ton_npi", "0/1")])).unwrap();
        assert_eq!((found.ton, found.npi), (0, 1));
    }

    #[test]
    fn its_reports_need_no_address() {
        for (preset, needs_none) in [("smpp", true), ("http", false)] {
            let section = Toml::string(&format!("[gateways.a]\npreset = \"{preset}\""));
            let section: PhoneSection = Figment::from(section).extract().unwrap();
            assert_eq!(section.reports_by_connection(), needs_none);
        }
    }

    #[test]
    fn mistakes_are_named_without_secrets() {
        let good = [
            ("url", "smpp://127.0.0.1:2775"),
            ("user", "itseme"),
            ("password", "hunter22"),
            ("from", "it-se.me"),
        ];
        assert!(new(&keys(&good)).is_ok());
        for (key, wrong, remedy) in [
            ("url", "http://127.0.0.1", "smpps://"),
            ("url", "smpp://smsc.example.org:2775", "allow_cleartext"),
            ("url", "smpp://user:hunter2@127.0.0.1", "like smpps://"),
            ("url", "127.0.0.1:2775", "like smpps://"),
            ("url", "smpp://127.0.0.1:2775?tls=required", "like smpps://"),
            ("from", "+44 7700 900000", "without spaces"),
            ("user", "0123456789abcdef", "15 characters"),
            ("password", "hunter2+hunter2", "8 characters"),
            ("system_type", "0123456789abc", "12 characters"),
            ("from", "a name with more", "11 characters"),
            ("from", "café", "ASCII"),
            ("ton_npi", "five", "5/0"),
            ("alphabet", "utf8", "gsm"),
        ] {
            let changed = good.iter().copied().filter(|(name, _)| *name != key);
            let all: Vec<_> = changed.chain([(key, wrong)]).collect();
            let told = new(&keys(&all)).err().unwrap().to_string();
            assert!(
                told.contains(remedy) && told.contains(&format!("providers.phone.{key}")),
                "{told}"
            );
            assert!(!told.contains("hunter2"), "{told}");
        }
        for missing in ["url", "user", "password"] {
            let rest: Vec<_> = good.iter().copied().filter(|(name, _)| *name != missing).collect();
            assert!(new(&keys(&rest)).err().unwrap().to_string().contains(missing));
        }
    }
}
