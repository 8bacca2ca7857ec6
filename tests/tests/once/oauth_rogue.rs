//! People sign in at a provider that misbehaves, and programs ask in the place of browsers.

use itseme_client::Session;
use itseme_tests::{
    AMY, Form, Http, MICHAEL, Needle, Reply, World, find, free_port, hash,
    oauth::{Asked, Mode, Rogue},
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::oauth::{AMYS_NAME, EVES_NAME, spelled_out};

/// The answer to a program that asks for JSON.
async fn as_program(http: &Http, path: &str) -> Reply {
    Reply::to(http.request(Method::GET, path).header("accept", "application/json")).await
}

/// A provider that misbehaves, and a client that reads JSON.
struct Rough {
    world: World,
    amy: Session,
    rogue: Rogue,
    _folder: TempDir,
}

impl Rough {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(more: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let rogue = Rogue::start(folder.path()).await;
        let settings = format!(
            "[http]\npublic_url = \"http://127.0.0.1:{port}\"\n[providers.rogue]\ncallback = \"hash\"\n{}{}",
            spelled_out(rogue.provider()),
            more.replace("ROGUE", &rogue.provider().issuer())
        );
        let world = World::on(port, &settings).await;
        let amy = world.client(&AMY).await;
        Self { world, amy, rogue, _folder: folder }
    }

    async fn register(&self) -> String {
        self.amy.register("rogue", AMYS_NAME, false).await.unwrap().goto.unwrap()
    }

    /// Returns the path that the provider sends a browser back to.
    async fn callback(&self, goto: &str) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.get(goto).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        location.strip_prefix(self.world.http().base()).expect("back to the service").to_owned()
    }

    async fn error(&self, path: &str) -> (u16, String) {
        let reply = as_program(&self.world.http(), path).await;
        assert_eq!(reply.json()["confirmed"], Value::Bool(false), "{reply:?}");
        reply.error()
    }

    async fn signs_in(&self, goto: &str) {
        let path = self.callback(goto).await;
        assert_eq!(as_program(&self.world.http(), &path).await.ok(), json!({"confirmed": true}));
    }
}

fn oauth_exception() -> (u16, String) {
    (401, "OAuthException".into())
}

#[tokio::test]
async fn only_the_right_state_counts() {
    let it = Rough::new().await;
    let michael = it.world.client(&MICHAEL).await;
    let goto = it.register().await;
    let path = it.callback(&goto).await;
    // Michael registers the same name, and another one.
    let his = michael.register("rogue", AMYS_NAME, false).await.unwrap().goto.unwrap();
    let other = michael.register("rogue", EVES_NAME, false).await.unwrap().goto.unwrap();
    let (his, other) = (it.callback(&his).await, it.callback(&other).await);
    let query = |path: &str| path.split_once('?').unwrap().1.to_owned();
    let at = |path: &str| path.split_once('?').unwrap().0.to_owned();

    // A state of another registration, no state, and one that was never given out.
    assert_eq!(it.error(&format!("{}?{}", at(&path), query(&other))).await, oauth_exception());
    // Without a state it is a code, and the answer does not reveal that a sign-in waits.
    assert_eq!(it.error(&format!("{}?code=1234", at(&path))).await, (404, "not_found".into()));
    assert_eq!(it.error(&at(&path)).await, (400, "missing_code".into()));
    assert_eq!(it.error(&format!("{}?code=1234&state=x", at(&path))).await, oauth_exception());
    assert_eq!(it.error("/v1/callback?code=1234&state=x").await.0, 404);
    assert_eq!(it.error("/v1/callback").await.0, 404);
    // The right one without a code.
    let state = query(&path).split('&').find(|pair| pair.starts_with("state=")).unwrap().to_owned();
    assert_eq!(it.error(&format!("{}?{state}", at(&path))).await, (400, "missing_code".into()));
    assert_eq!(it.error(&format!("{}?{state}&error=access_denied", at(&path))).await, oauth_exception());
    assert!(it.rogue.asked("/token").is_empty());

    // The name is proven for the registration of the state.
    assert_eq!(as_program(&it.world.http(), &his).await.ok(), json!({"confirmed": true}));
    assert!(michael.confirm(&MICHAEL.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
    it.signs_in(&goto).await;
    assert!(it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
    // Twice is once too often.
    assert_eq!(it.error(&path).await, (404, "not_found".into()));
    // Nor can the state be typed as a code, natively.
    assert!(it.amy.verify(&hash("rogue", AMYS_NAME), "1234").await.is_err());
}

#[tokio::test]
async fn a_new_registration_replaces_the_old_state() {
    let it = Rough::new().await;
    let old = it.callback(&it.register().await).await;
    let new = it.amy.register("rogue", AMYS_NAME, true).await.unwrap().goto.unwrap();
    assert_eq!(it.error(&old).await, oauth_exception());
    it.signs_in(&new).await;
}

#[tokio::test]
async fn a_provider_that_misbehaves_is_survived() {
    use itseme_tests::oauth::Mode::{
        Error, Hang, Huge, NameIsNoText, NoName, NoToken, Nonsense, NotJson, Ok, Redirect, WrongType,
    };
    let it = Rough::new().await;
    let goto = it.register().await;
    let path = it.callback(&goto).await;
    for mode in [Error, Nonsense, NotJson, Huge, Redirect, NoToken, WrongType] {
        it.rogue.token(mode).await;
        assert_eq!(it.error(&path).await, oauth_exception(), "token: {mode:?}");
    }
    it.rogue.token(Ok).await;
    for mode in [Error, Nonsense, NotJson, Huge, Redirect, NoName, NameIsNoText] {
        it.rogue.userinfo(mode).await;
        assert_eq!(it.error(&path).await, oauth_exception(), "user info: {mode:?}");
    }
    it.rogue.userinfo(Ok).await;
    // No redirect was followed, with a token or the client's secret.
    assert!(it.rogue.asked("/elsewhere").is_empty());

    // One that hangs holds up nobody else.
    it.rogue.token(Hang).await;
    let (stuck, ()) = tokio::join!(it.error(&path), async {
        it.rogue.is_waited_for().await;
        assert_eq!(it.world.http().get("/version").await.status, 200);
        assert!(!it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
    });
    assert_eq!(stuck, oauth_exception());
    it.rogue.token(Ok).await;

    // The registration still waits.
    it.rogue.user(EVES_NAME).await;
    assert_eq!(it.error(&path).await, (400, "wrong_user".into()));
    it.rogue.user(AMYS_NAME).await;
    it.signs_in(&goto).await;
    assert_eq!(it.world.service.connections(), 1);
}

#[tokio::test]
async fn the_code_is_bound_to_us() {
    let it = Rough::new().await;
    let goto = it.register().await;
    it.signs_in(&goto).await;
    let asked: Vec<Asked> = it.rogue.asked("/authorize");
    let query = &asked[0].query;
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!((query["response_type"].as_str(), query["scope"].as_str()), ("code", "profile"));
    assert_eq!(
        query["redirect_uri"],
        format!("{}/v1/verify/{}", it.world.http().base(), hash("rogue", AMYS_NAME))
    );
    let token = &it.rogue.asked("/token")[0];
    assert!(token.form["code_verifier"].len() >= 43, "{token:?}");
    assert!(token.headers["authorization"].starts_with("Basic "), "{token:?}");
    assert!(!token.form.contains_key("client_secret"), "{token:?}");
    let user = &it.rogue.asked("/userinfo")[0];
    assert!(user.headers["authorization"].starts_with("Bearer "), "{user:?}");
    assert!(user.query.is_empty(), "{user:?}");
}

#[tokio::test]
async fn no_token_is_kept() {
    let mut it = Rough::new().await;
    let goto = it.register().await;
    it.signs_in(&goto).await;
    let token = &it.rogue.asked("/userinfo")[0].headers["authorization"];
    let form = &it.rogue.asked("/token")[0].form;
    let needles = [
        Needle::text("the token", token.strip_prefix("Bearer ").unwrap()),
        Needle::text("the code", &form["code"]),
        Needle::text("the verifier", &form["code_verifier"]),
    ];
    assert!(it.world.service.terminate().await.success());
    assert_eq!(find(&it.world.service.data(), &needles), [""; 0]);
    let log = it.world.service.log().text();
    assert!(!needles.iter().any(|needle| needle.is_in(log.as_bytes())), "{log}");
}

/// Who follows somebody else's address finds out whose JID it is for before anything is linked. So does whoever looks at a page
/// that has that address for an image, or asks for it by script: also in browsers that do not say so (Fetch Metadata).
#[tokio::test]
async fn a_browser_alone_links_nothing() {
    const OLD: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0";
    let it = Rough::new().await;
    // Showing the page uses up the state, so each has its own.
    let ask = async |headers: &[(&str, &str)]| {
        let goto = it.amy.register("rogue", AMYS_NAME, true).await.unwrap().goto.unwrap();
        let path = it.callback(&goto).await;
        let request = it.world.http().request(Method::GET, &path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        (path, Reply::to(request).await)
    };
    for headers in [
        &[("accept", "image/*"), ("sec-fetch-mode", "no-cors")][..],
        &[("accept", "image/webp,*/*"), ("user-agent", OLD)],
        &[("accept", "application/json"), ("user-agent", OLD)],
        &[("accept", "*/*")],
        &[],
    ] {
        let (_, shown) = ask(headers).await;
        assert!(shown.body.contains(AMY.jid), "{headers:?} {shown:?}");
        assert!(!it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap(), "{headers:?}");
    }
    let (path, shown) = ask(&[("accept", "text/html")]).await;
    let form = Form::on(&shown.body);
    let page = reqwest::Url::parse(&format!("{}{path}", it.world.http().base())).unwrap();
    let action = page.join(&form.action).unwrap();
    let pressed = it.world.http().request(Method::POST, action.path()).form(&form.fields);
    assert_eq!(Reply::to(pressed).await.status, 200);
    assert!(it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
}

/// The provider's code can be used once, and the page with the button be opened again until that is pressed.
#[tokio::test]
async fn a_page_that_is_opened_again_is_the_same_and_asks_the_provider_once() {
    let it = Rough::new().await;
    let path = it.callback(&it.register().await).await;
    let show = async |path: &str| {
        let request = it.world.http().request(Method::GET, path).header("accept", "text/html");
        Reply::to(request).await
    };
    let first = show(&path).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert!(first.body.contains(AMYS_NAME) && first.body.contains(AMY.jid), "{}", first.body);
    assert_eq!(it.rogue.asked("/token").len(), 1);
    for _ in 0..3 {
        assert_eq!(show(&path).await.body, first.body);
    }
    assert_eq!(it.rogue.asked("/token").len(), 1);
    // A part of the address shows nothing.
    let (at, query) = path.split_once('?').unwrap();
    for pair in query.split('&').filter(|pair| ["code", "state"].contains(&pair.split('=').next().unwrap())) {
        let reply = show(&format!("{at}?{}", query.replace(pair, &format!("{pair}x")))).await;
        assert_eq!(reply.status, 401, "{pair} {reply:?}");
        assert!(!reply.body.contains(AMY.jid) && !reply.body.contains(AMYS_NAME), "{}", reply.body);
    }
    let needle = [Needle::text("the user's name", AMYS_NAME)];
    assert_eq!(find(&it.world.service.data(), &needle), [""; 0]);

    let form = Form::on(&first.body);
    let page = reqwest::Url::parse(&format!("{}{path}", it.world.http().base())).unwrap();
    let action = page.join(&form.action).unwrap();
    let press =
        async || Reply::to(it.world.http().request(Method::POST, action.path()).form(&form.fields)).await;
    assert_eq!(press().await.status, 200);
    assert!(it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
    assert_eq!((show(&path).await.status, press().await.status), (404, 404));
    assert_eq!(it.rogue.asked("/token").len(), 1);
}

#[tokio::test]
async fn tokens_come_in_many_shapes() {
    for mode in [Mode::Loose, Mode::Form] {
        let it = Rough::new().await;
        it.rogue.token(mode).await;
        let goto = it.register().await;
        it.signs_in(&goto).await;
        assert!(it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap(), "{mode:?}");
    }
}

#[tokio::test]
async fn the_log_names_what_is_missing() {
    let mut it = Rough::new().await;
    it.rogue.token(Mode::NoToken).await;
    let path = it.callback(&it.register().await).await;
    assert_eq!(it.error(&path).await, oauth_exception());
    it.world.service.says("the token endpoint answered without access_token").await;
}

#[tokio::test]
async fn an_answer_of_another_issuer_does_not_count() {
    let mut it = Rough::with("response_issuer = \"ROGUE\"\n").await;
    let own = it.rogue.provider().issuer();
    let goto = it.register().await;
    for issuer in ["https://evil.example", "", &format!("{own}/other")] {
        it.rogue.names_itself(issuer).await;
        let path = it.callback(&goto).await;
        assert_eq!(it.error(&path).await, oauth_exception(), "{issuer}");
    }
    assert!(it.rogue.asked("/token").is_empty());
    let told = it.world.service.says("RFC 9207").await;
    assert!(told.contains("response_issuer"), "{told}");
    it.rogue.names_itself(&own).await;
    it.signs_in(&goto).await;

    // Without the key, it must be where people sign in.
    let it = Rough::new().await;
    let goto = it.register().await;
    it.rogue.names_itself("https://evil.example").await;
    let path = it.callback(&goto).await;
    assert_eq!(it.error(&path).await, oauth_exception());
    it.rogue.names_itself(&it.rogue.provider().issuer()).await;
    it.signs_in(&goto).await;
}

#[tokio::test]
async fn where_case_matters_capitals_prove_nothing() {
    let it = Rough::with("case_sensitive = true\n").await;
    let goto = it.register().await;
    it.rogue.user("Amy-Octo").await;
    let path = it.callback(&goto).await;
    assert_eq!(it.error(&path).await, (400, "wrong_user".into()));
    it.rogue.user(AMYS_NAME).await;
    it.signs_in(&goto).await;
}

#[tokio::test]
async fn people_with_any_client_are_told_where_to_go() {
    let it = Rough::new().await;
    let mut amy = it.world.raw(&AMY).await;
    let service = itseme_tests::SERVICE;
    amy.send(&format!("<message type='chat' to='{service}'><body>link rogue {AMYS_NAME}</body></message>"))
        .await;
    let said = amy.next_that(|stanza| stanza.name() == "message").await;
    let said = said.children().find(|child| child.name() == "body").expect("a body").text();
    assert!(said.contains(&it.rogue.provider().authorize_url()), "{said}");

    let commands = "http://jabber.org/protocol/commands";
    let mut session = String::new();
    let mut answer = None;
    for (var, value) in [("", ""), ("provider", "rogue"), ("id", AMYS_NAME)] {
        let form = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='{var}'><value>{value}</value></field></x>"
        );
        let form = if var.is_empty() { String::new() } else { form };
        let command = format!("<command xmlns='{commands}' node='link' {session}>{form}</command>");
        let result = amy.ask("set", service, &command).await;
        let command = result.get_child("command", commands).expect("a command").clone();
        session = format!("sessionid='{}'", command.attr("sessionid").unwrap());
        answer = Some(command);
    }
    let answer = answer.unwrap();
    assert_eq!(answer.attr("status"), Some("completed"));
    let oob = answer.get_child("x", "jabber:x:oob").expect("out-of-band data");
    let url = oob.get_child("url", "jabber:x:oob").unwrap().text();
    it.signs_in(&url).await;
    assert!(it.amy.confirm(&AMY.bare_jid(), &[hash("rogue", AMYS_NAME)]).await.unwrap());
}
