//! URIs of phone numbers (RFC 3966, RFC 5724).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

const SCHEMES: [&str; 2] = ["tel:", "sms:"];

/// Returns the number of a URI: without scheme, percent-encoding and `//`, and behind the global number that is its context,
/// if there is one. Parameters stay, to be cut off like an extension. `None` if it is no URI.
pub(super) fn number(text: &str) -> Option<String> {
    let rest = SCHEMES
        .iter()
        .find_map(|scheme| strip_prefix_ignoring_case(text, scheme))?;
    let rest = rest.trim_start_matches('/');
    let rest = rest.split('?').next().unwrap_or_default();
    let number = decoded(rest.split(';').next().unwrap_or_default());
    let context = rest.split(';').skip(1).find_map(global_context);
    let is_local = !number.trim_start().starts_with(['+', '＋']);
    let context = context.filter(|_| is_local).unwrap_or_default();
    Some(format!("{context}{number}"))
}

fn global_context(parameter: &str) -> Option<Cow<'_, str>> {
    let context = decoded(strip_prefix_ignoring_case(parameter, "phone-context=")?);
    Some(context).filter(|context| context.starts_with('+'))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    Some(rest).filter(|_| start.eq_ignore_ascii_case(prefix))
}
