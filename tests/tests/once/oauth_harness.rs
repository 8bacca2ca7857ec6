//! The fixtures of the tests of signing in, tested without the service: here the test is the client of the providers.

use std::{collections::HashMap, io, net::SocketAddr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use itseme_tests::{
    World, free_port,
    oauth::{Browser, CLIENT_ID, CLIENT_SECRET, Consent, Mode, Page, Provider, Rogue, USERS},
    within,
};
use reqwest::{Client, RequestBuilder, Response, Url, redirect::Policy};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

const STATE: &str = "the state, with spaces & more";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-taken-0123456789";

#[tokio::test]
async fn people_sign_in_at_the_openid_provider() {
    let desk = Desk::new().await;
    let provider = Provider::openid(desk.folder.path(), &desk.base()).await;
    signs_in(&desk, &provider, 400).await;

    let discovery = format!("{}/.well-known/openid-configuration", provider.issuer());
    let found = json(http().get(discovery)).await;
    assert_eq!(found["issuer"], provider.issuer());
    assert_eq!(found["authorization_endpoint"], provider.authorize_url());
    assert_eq!(found["token_endpoint"], provider.token_url());
    assert_eq!(found["userinfo_endpoint"], provider.userinfo_url());
}

#[tokio::test]
async fn people_sign_in_at_the_github_like_provider() {
    let desk = Desk::new().await;
    let provider = Provider::github_like(desk.folder.path(), &desk.base()).await;
    signs_in(&desk, &provider, 200).await;
}

#[tokio::test]
async fn openid_takes_secrets_in_the_body_from_another_client() {
    let desk = Desk::new().await;
    let provider = Provider::openid(desk.folder.path(), &desk.base()).await;
    let client = format!("{CLIENT_ID}-post");
    let goto = Url::parse(&desk.goto(&provider).as_str().replace(CLIENT_ID, &client)).unwrap();
    let (_, back) = desk.visit(&goto, USERS[1], Consent::Allow).await;
    let mut form = desk.exchange(&back["code"], VERIFIER);
    form.extend([("client_id", client), ("client_secret", CLIENT_SECRET.to_owned())]);
    let token = json(http().post(provider.token_url()).form(&form)).await;
    assert!(token["access_token"].is_string(), "{token}");
}

#[tokio::test]
async fn openid_needs_pkce_and_a_known_callback() {
    let desk = Desk::new().await;
    let provider = Provider::openid(desk.folder.path(), &desk.base()).await;
    let mut without = desk.goto(&provider);
    without.query_pairs_mut().clear().extend_pairs(desk.wish(&provider).into_iter().take(5));
    let (_, back) = desk.visit(&without, USERS[0], Consent::Allow).await;
    assert_eq!(back["error"], "invalid_request");

    refuses_strange_callbacks(&desk, &provider).await;
}

#[tokio::test]
async fn github_takes_secrets_in_the_body_and_answers_forms() {
    let desk = Desk::new().await;
    let provider = Provider::github_like(desk.folder.path(), &desk.base()).await;
    let (_, back) = desk.visit(&desk.goto(&provider), USERS[0], Consent::Allow).await;
    let mut form = desk.exchange(&back["code"], VERIFIER);
    form.extend([("client_id", CLIENT_ID.to_owned()), ("client_secret", "wrong".to_owned())]);
    let ask = |form: &[(&str, String)]| http().post(provider.token_url()).form(form);
    let refused = ask(&form).header("Accept", "application/json");
    assert_eq!(json(refused).await["error"], "invalid_client");

    form.last_mut().unwrap().1 = CLIENT_SECRET.to_owned();
    let answer = send(ask(&form)).await.text().await.unwrap();
    assert!(answer.contains("token_type=bearer"), "{answer}");
    let token = answer.split('&').find_map(|pair| pair.strip_prefix("access_token=")).unwrap();

    let nobody = Client::new().get(provider.userinfo_url()).bearer_auth(token);
    assert_eq!(send(nobody).await.status(), 403, "without a User-Agent");
    assert_eq!(send(http().get(provider.userinfo_url()).bearer_auth("wrong")).await.status(), 401);
    assert_eq!(json(http().get(provider.userinfo_url()).bearer_auth(token)).await["login"], USERS[0]);

    refuses_strange_callbacks(&desk, &provider).await;
}

#[tokio::test]
async fn the_rogue_behaves_until_it_is_told_otherwise() {
    let desk = Desk::new().await;
    let rogue = Rogue::start(desk.folder.path()).await;
    let provider = rogue.provider();
    let (page, back) = desk.visit(&desk.goto(provider), USERS[0], Consent::Deny).await;
    assert_eq!((page.status, back["state"].as_str()), (200, STATE), "it asks nobody");
    assert_eq!(rogue.asked("/authorize")[0].query["code_challenge_method"], "S256");

    let token = json(desk.redeem(provider, &back["code"], VERIFIER)).await;
    let asked = rogue.asked("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].method.as_str(), asked[0].form["code_verifier"].as_str()), ("POST", VERIFIER));
    assert!(asked[0].headers["authorization"].starts_with("Basic "));

    let user = || http().get(provider.userinfo_url()).bearer_auth(token["access_token"].as_str().unwrap());
    assert_eq!(json(user()).await[provider.user_name_field()], USERS[0]);
    rogue.user(USERS[1]).await;
    assert_eq!(json(user()).await["preferred_username"], USERS[1]);
    assert_eq!(rogue.asked("/userinfo")[1].headers["authorization"], "Bearer rogue-token");
}

#[tokio::test]
async fn the_rogue_misbehaves_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rogue = Rogue::start(folder.path()).await;
    let provider = rogue.provider();
    let token = || send(http().post(provider.token_url()).form(&[("code", "any")]));
    let user = || send(http().get(provider.userinfo_url()));

    for mode in [Mode::Error, Mode::Nonsense, Mode::NotJson, Mode::Huge, Mode::Redirect] {
        rogue.token(mode).await;
        rogue.userinfo(mode).await;
        for answer in [token().await, user().await] {
            match mode {
                Mode::Error => assert_eq!(answer.status(), 500),
                Mode::Redirect => {
                    assert_eq!(
                        (answer.status().as_u16(), &answer.headers()["location"]),
                        (302, &"/elsewhere".parse().unwrap())
                    );
                }
                Mode::Huge => {
                    assert_eq!(answer.content_length(), None, "it is sent in pieces");
                    assert!(answer.bytes().await.unwrap().len() > 10_000_000);
                }
                _ => assert!(answer.json::<Value>().await.is_err(), "{mode:?}"),
            }
        }
    }

    rogue.token(Mode::WrongType).await;
    assert_eq!(token().await.json::<Value>().await.unwrap()["token_type"], "mac");
    rogue.token(Mode::NoToken).await;
    assert_eq!(token().await.json::<Value>().await.unwrap().get("access_token"), None);
    rogue.userinfo(Mode::NoName).await;
    assert_eq!(user().await.json::<Value>().await.unwrap().get("login"), None);
    rogue.userinfo(Mode::NameIsNoText).await;
    assert!(user().await.json::<Value>().await.unwrap()["login"].is_object());

    assert!(rogue.asked("/elsewhere").is_empty(), "nobody followed");
    rogue.token(Mode::Redirect).await;
    Client::new().post(provider.token_url()).send().await.unwrap();
    assert_eq!(rogue.asked("/elsewhere").len(), 1, "somebody did");
}

#[tokio::test]
async fn the_rogue_keeps_people_waiting_until_it_is_told_to_answer() {
    let folder = tempfile::tempdir().unwrap();
    let rogue = Rogue::start(folder.path()).await;
    rogue.token(Mode::Hang).await;
    let hanging = tokio::spawn(http().post(rogue.provider().token_url()).send());
    rogue.is_waited_for().await;
    assert!(!hanging.is_finished());
    rogue.token(Mode::Error).await;
    assert_eq!(within("the answer", hanging).await.unwrap().unwrap().status(), 500);
}

#[tokio::test]
async fn a_stopped_provider_refuses_connections() {
    let folder = tempfile::tempdir().unwrap();
    let mut provider = Provider::github_like(folder.path(), "http://127.0.0.1:9/").await;
    provider.stop().await;
    assert!(http().get(provider.userinfo_url()).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_world_is_where_the_providers_were_told() {
    let port = free_port();
    let world = World::prepare_on(port, "").await;
    assert_eq!(world.http().base(), format!("http://127.0.0.1:{port}"));
}

/// All that a client does, at a provider that answers refused codes with `refusal`.
async fn signs_in(desk: &Desk, provider: &Provider, refusal: u16) {
    let refused = async |code: &str, verifier: &str| {
        let answer = send(desk.redeem(provider, code, verifier)).await;
        assert_eq!(answer.status(), refusal);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_grant");
    };
    for user in USERS {
        let (page, back) = desk.visit(&desk.goto(provider), user, Consent::Allow).await;
        assert!(page.url.starts_with(&desk.callback()), "{page:?}");
        assert_eq!(back["state"], STATE);
        assert_eq!((page.status, page.lang.as_str(), page.text.as_str()), (200, "eo", "de-AT,eo;q=0.5"));
        assert!(page.html.contains("<p>de-AT"), "{page:?}");

        refused(&back["code"], &VERIFIER.replace('a', "b")).await;
        let (_, back) = desk.visit(&desk.goto(provider), user, Consent::Allow).await;
        let token = json(desk.redeem(provider, &back["code"], VERIFIER)).await;
        assert!(token["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"), "{token}");
        let secret = token["access_token"].as_str().unwrap();
        let info = json(http().get(provider.userinfo_url()).bearer_auth(secret)).await;
        assert_eq!(info[provider.user_name_field()], user);
        assert_ne!(info["sub"], user);
        refused(&back["code"], VERIFIER).await;
    }
    let (page, back) = desk.visit(&desk.goto(provider), USERS[0], Consent::Deny).await;
    assert!(page.url.starts_with(&desk.callback()), "{page:?}");
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", STATE));
    assert!(!back["error_description"].is_empty() && !back.contains_key("code"), "{back:?}");
}

async fn refuses_strange_callbacks(desk: &Desk, provider: &Provider) {
    let strange = desk.goto(provider).as_str().replace("%2F127.0.0.1", "%2Flocalhost");
    let page = desk.browser.sign_in(&strange, USERS[0], Consent::Allow, "en").await;
    assert!(page.url.starts_with(&provider.authorize_url()) && page.status == 400, "{page:?}");
}

/// The place where the test, as a client, sends people from, and where they come back to.
struct Desk {
    folder: TempDir,
    browser: Browser,
    address: SocketAddr,
}

impl Desk {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(greet(stream));
            }
        });
        Self { folder: tempfile::tempdir().unwrap(), browser: Browser::start().await, address }
    }

    fn base(&self) -> String {
        format!("http://{}/v1/", self.address)
    }

    fn callback(&self) -> String {
        format!("{}verify/0123abcd", self.base())
    }

    fn wish(&self, provider: &Provider) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", CLIENT_ID.to_owned()),
            ("redirect_uri", self.callback()),
            ("scope", provider.scope().to_owned()),
            ("state", STATE.to_owned()),
            ("code_challenge", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    fn goto(&self, provider: &Provider) -> Url {
        Url::parse_with_params(&provider.authorize_url(), self.wish(provider)).unwrap()
    }

    /// Sends a person to the provider. Returns the last page, and the parameters of the callback.
    async fn visit(&self, url: &Url, user: &str, consent: Consent) -> (Page, HashMap<String, String>) {
        let page = self.browser.sign_in(url.as_str(), user, consent, "de-AT,eo;q=0.5").await;
        let back = Url::parse(&page.url).unwrap().query_pairs().into_owned().collect();
        (page, back)
    }

    fn exchange(&self, code: &str, verifier: &str) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.callback()),
            ("code_verifier", verifier.to_owned()),
        ]
    }

    fn redeem(&self, provider: &Provider, code: &str, verifier: &str) -> RequestBuilder {
        let request = http().post(provider.token_url()).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
        request.header("Accept", "application/json").form(&self.exchange(code, verifier))
    }
}

/// Answers one request with a page that says which languages it asked for.
async fn greet(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut languages = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        match line.trim().split_once(": ") {
            Some((name, asked)) if name.eq_ignore_ascii_case("accept-language") => {
                languages = asked.to_owned()
            }
            _ => {}
        }
        line.clear();
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
    let page = format!("<!doctype html><html lang='eo'><title>.</title><p>{languages}</p></html>");
    stream.write_all(format!("{head}{page}").as_bytes()).await
}

fn http() -> Client {
    Client::builder().redirect(Policy::none()).user_agent("a test").build().unwrap()
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

async fn json(request: RequestBuilder) -> Value {
    send(request).await.json().await.unwrap()
}
