//! E-mail addresses.

use crate::InvalidId;

pub(crate) fn canonical(text: &str) -> Result<String, InvalidId> {
    use email_address::{EmailAddress, Options};
    let address = text.trim().to_lowercase();
    let options = Options::default().without_display_text().without_domain_literal();
    match EmailAddress::parse_with_options(&address, options) {
        Ok(_) => Ok(address),
        Err(_) => Err(InvalidId::Email),
    }
}

pub(crate) fn mailbox(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let name = local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local);
    match domain {
        // https://support.google.com/mail/answer/7436150 and .../10313
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", name.replace('.', "")),
        _ => format!("{name}@{domain}"),
    }
}
