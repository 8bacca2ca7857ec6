//! The web page for people, at `/`. It calls the API like any other client; its source is in `web/`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use askama::Template;
use serde_json::{Map, Value, json};
use warp::Reply;
use warp::http::{HeaderValue, header};
use warp::reply::Response;

use super::error::Result;
use super::filters::{HttpCaller, Pairs};
use super::page;
use crate::language::Language;
use crate::model::{BareJid, Provider};
use crate::provider;
use crate::service::{HASHES_PER_CONTACT, Settings};

/// The facts of the page that stay as they are.
#[derive(Clone, Debug)]
pub struct WebPage {
    /// The account that writes to people.
    pub account: BareJid,
}

#[derive(Template)]
#[template(path = "../web/index.html")]
struct Index<'a> {
    words: Language,
    languages: &'static [Language],
    account: &'a BareJid,
    /// Names of providers.
    providers: Vec<&'a str>,
    operator: Option<&'a str>,
    url: Option<&'a str>,
    privacy_url: Option<&'a str>,
    /// JSON for the scripts, in which no tag can begin.
    facts: String,
}

/// `GET /[?lang=]`
pub async fn index(web: WebPage, words: Language, asker: Result<HttpCaller>, query: Pairs) -> Response {
    let asker = match asker {
        Ok(asker) => asker,
        Err(error) => return page::complain(words, &error),
    };
    let asked = query.iter().find(|(key, _)| key == "lang");
    let words = asked.and_then(|(_, tag)| Language::of_tag(tag)).unwrap_or(words);
    let settings = asker.service.settings();
    let index = Index {
        words,
        languages: &Language::ALL,
        account: &web.account,
        providers: offered(&settings),
        operator: settings.about.operator.as_deref(),
        url: settings.about.url.as_deref(),
        privacy_url: settings.about.privacy_url.as_deref(),
        facts: facts(words, &settings).to_string().replace('<', "\\u003c"),
    };
    let Ok(html) = index.render() else {
        return warp::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = warp::reply::html(html).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Returns the providers, those first that most people look for.
fn offered(settings: &Settings) -> Vec<&str> {
    let mut names: Vec<&str> = settings.providers.iter().map(String::as_str).collect();
    names.sort_by_key(|name| match *name {
        "phone" => 0,
        "email" => 1,
        // Only for a second one: people enter their own at the beginning.
        "xmpp" => 3,
        _ => 2,
    });
    names
}

/// The Content Security Policy of the page: its own files and the API, and nothing else. No form is sent without its scripts, so that
/// no detail gets into an address.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src {}; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'",
        page::STYLE_SOURCE.as_str()
    )
});

/// Returns what the scripts need: limits, providers, and the phrases that they show.
fn facts(words: Language, settings: &Settings) -> Value {
    let providers = settings.providers.iter().map(|name| {
        let is_sign_in = provider::is_sign_in(&Provider::from(name.as_str()));
        let can_call = settings.calls.contains(name);
        let can_write = settings.inboxes.contains_key(name);
        let facts = json!({ "label": words.provider(name), "isSignIn": is_sign_in, "canCall": can_call, "canWrite": can_write });
        (name.clone(), facts)
    });
    json!({
        "page": settings.page_url,
        "needsToken": settings.require_token,
        "resendAfter": settings.limits.resend_after.as_secs(),
        "hashesPerContact": HASHES_PER_CONTACT,
        "peers": settings.peers.iter().map(|peer| peer.jid.as_str()).collect::<Vec<_>>(),
        "peersAskedFor": if settings.peers.is_empty() { BTreeSet::new() } else { settings.own_domains.clone() },
        "providers": providers.collect::<Map<_, _>>(),
        "phrases": phrases(words),
    })
}

/// Returns the phrases that the scripts show. Those with arguments have their names in braces instead.
macro_rules! phrases {
    ($($name:ident $(($($argument:ident),*))?),* $(,)?) => {
        fn phrases(words: Language) -> Map<String, Value> {
            let phrases = [$((
                stringify!($name),
                words.$name($($(concat!("{", stringify!($argument), "}")),*)?),
            )),*];
            phrases.into_iter().map(|(name, phrase)| (name.to_owned(), phrase.into())).collect()
        }
    };
}

phrases! {
    check_no(jid),
    check_yes(jid),
    check_yes_by(jid, service),
    invalid_country_code,
    invalid_email,
    invalid_jid,
    invalid_phone,
    invalid_phone_with_letters,
    invalid_phone_without_country,
    invalid_provider,
    invalid_quoted_email,
    invalid_user_name,
    web_ask_done(count),
    web_ask_first,
    web_ask_leaves(count),
    web_ask_left(count),
    forget_nothing,
    introduce_peers(services),
    web_book_asked(count),
    web_book_empty,
    web_book_found(contacts, hashes),
    web_book_not_plain,
    web_book_skipped(count),
    web_cleared,
    web_code_gone,
    web_forget_code_all(jid),
    web_forget_code_some(jid, details),
    web_forgotten,
    web_prove,
    web_sign_in_again,
    web_insecure,
    web_linked,
    web_link_again,
    web_lost,
    web_resend,
    web_resend_wait(seconds),
    web_unreachable,
    web_waiting,
    web_waits_sign_in,
    web_write(to, text),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scripts_have_the_phrases_that_they_show() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let known = phrases(Language::English);
        let mut scripts = String::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "js") {
                scripts += &std::fs::read_to_string(path).unwrap();
            }
        }
        let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
        for name in scripts.split(|c| !is_word(c)).filter(|word| word.starts_with("web_")) {
            let has = |key: &String| key == name || (name == "web_" && key.starts_with(name));
            assert!(known.keys().any(has), "{name}");
        }
        // Those of states and of reasons are put together.
        const BUILT: [&str; 3] = ["web_linked", "web_lost", "web_waiting"];
        for name in known
            .keys()
            .filter(|name| !name.starts_with("invalid_") && !BUILT.contains(&name.as_str()))
        {
            assert!(scripts.contains(name), "{name} is not used");
        }
        assert_eq!(known["web_resend_wait"], "Another code in {seconds} s");
    }
}
