//! People prove who they are elsewhere by signing in there: with a real browser, at real authorization servers that
//! nobody here wrote.

use itseme_client::{Event, Session};
use itseme_tests::{
    AMY, Form, Http, MICHAEL, Needle, Reply, World, find, free_port, hash, next_event,
    oauth::{Asked, Browser, CLIENT_ID, CLIENT_SECRET, Consent, Mode, Page, Provider, Rogue, USERS},
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const AMYS_NAME: &str = USERS[0];
const EVES_NAME: &str = USERS[1];

/// A service that knows providers, and a browser.
struct Stage {
    world: World,
    amy: Session,
    browser: Browser,
    port: u16,
    provider: Provider,
    _folder: TempDir,
}

impl Stage {
    /// With a provider of the shape of GitHub, at GitHub's name.
    async fn github() -> Self {
        Self::new(
            async |folder, prefix| Provider::github_like(folder, prefix).await,
            |provider| format!("[providers.github]\ncallback = \"hash\"\n{}", spelled_out(provider)),
        )
        .await
    }

    /// With an OpenID provider that is found by discovery.
    async fn openid(more: &str) -> Self {
        Self::new(async |folder, prefix| Provider::openid(folder, prefix).await, |provider| {
            format!(
                "[providers.octopus]\nissuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n{more}",
                provider.issuer()
            )
        })
        .await
    }

    async fn new(
        start: impl AsyncFnOnce(&std::path::Path, &str) -> Provider,
        settings: impl FnOnce(&Provider) -> String,
    ) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let provider = start(folder.path(), &format!("http://127.0.0.1:{port}/v1/")).await;
        let public = format!(
            "[http]\npublic_url = \"http://127.0.0.1:{port}\"\nnext_origins = [\"http://127.0.0.1:{port}\"]\n"
        );
        let world = World::on(port, &(public + &settings(&provider))).await;
        let amy = world.client(&AMY).await;
        amy.become_available().await.unwrap();
        amy.register("xmpp", AMY.jid, false).await.unwrap();
        Self { world, amy, browser: Browser::start().await, port, provider, _folder: folder }
    }

    async fn goto(&self, provider: &str, name: &str) -> String {
        let registered = self.amy.register(provider, name, false).await.unwrap();
        registered.goto.expect("where to sign in")
    }

    async fn is_linked(&self, provider: &str, name: &str) -> bool {
        self.amy.confirm(&AMY.bare_jid(), &[hash(provider, name)]).await.unwrap()
    }

    /// Waits for the message that tells that the browser has finished.
    async fn is_told(&self, provider: &str, name: &str) {
        let expected = hash(provider, name);
        next_event(&self.amy, |event| match event {
            Event::Verified { hash, confirmed, .. } => (confirmed && hash == expected).then_some(()),
            _ => None,
        })
        .await;
    }
}

/// What a provider is configured with that is not found by discovery.
fn spelled_out(provider: &Provider) -> String {
    let (authorize, token, userinfo) =
        (provider.authorize_url(), provider.token_url(), provider.userinfo_url());
    let field = provider.user_name_field();
    format!(
        "client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\nauthorize_url = \"{authorize}\"\n\
         token_url = \"{token}\"\nuserinfo_url = \"{userinfo}\"\nusername = \"/{field}\"\n\
         scopes = [\"{}\"]\n",
        provider.scope()
    )
}

#[track_caller]
fn assert_says(page: &Page, status: u16, lang: &str, words: &str) {
    assert_eq!((page.status, page.lang.as_str()), (status, lang), "{page:?}");
    assert!(page.text.contains(words), "{page:?}");
}

#[tokio::test]
async fn amy_signs_in_as_at_github() {
    let stage = Stage::github().await;
    let goto = stage.goto("github", "@Amy-Octo").await;
    assert!(!goto.contains("octo"), "{goto}");
    // Asking again leads to the same place.
    assert_eq!(stage.goto("github", AMYS_NAME).await, goto);

    // First she changes her mind.
    let page = stage.browser.sign_in(&goto, AMYS_NAME, Consent::Deny, "de").await;
    assert_says(&page, 401, "de", "nicht erlaubt");
    assert!(!stage.is_linked("github", AMYS_NAME).await);
    // Then she is somebody else.
    let page = stage.browser.sign_in(&goto, EVES_NAME, Consent::Allow, "es").await;
    assert_says(&page, 400, "es", "nombre distinto");
    assert!(!stage.is_linked("github", AMYS_NAME).await);
    assert!(!stage.is_linked("github", EVES_NAME).await);

    let page = stage.browser.sign_in(&goto, AMYS_NAME, Consent::Allow, "de,en;q=0.5").await;
    assert!(page.question.contains("github mit amy@localhost verknüpfen?"), "{page:?}");
    assert_says(&page, 200, "de", "amy@localhost");
    stage.is_told("github", AMYS_NAME).await;
    assert!(stage.is_linked("github", AMYS_NAME).await);

    // The same once more needs a new registration.
    let again = stage.browser.sign_in(&goto, AMYS_NAME, Consent::Allow, "en").await;
    assert_eq!(again.status, 404, "{again:?}");
}

#[tokio::test]
async fn amy_signs_in_by_openid_and_goes_on() {
    let stage = Stage::openid("callback = \"hash\"").await;
    let next = format!("http://127.0.0.1:{}/version?from=here", stage.port);
    let registration = json!({"provider": "octopus", "id": AMYS_NAME, "target": AMY.jid, "next": next});
    let registered = stage.world.http().post("/v1/register", &registration).await.ok();
    let goto = registered["goto"].as_str().unwrap();
    let page = stage.browser.sign_in(goto, AMYS_NAME, Consent::Deny, "en").await;
    assert_says(&page, 401, "en", "did not allow");
    let page = stage.browser.sign_in(goto, EVES_NAME, Consent::Allow, "fr").await;
    assert_eq!((page.status, page.lang.as_str()), (400, "fr"), "{page:?}");
    let page = stage.browser.sign_in(goto, AMYS_NAME, Consent::Allow, "en").await;
    assert_eq!((page.status, page.url.as_str()), (200, next.as_str()), "{page:?}");
    assert!(stage.is_linked("octopus", AMYS_NAME).await);
}

#[tokio::test]
async fn a_provider_that_knows_one_address_only_gets_one() {
    let stage = Stage::openid("").await;
    let goto = stage.goto("octopus", AMYS_NAME).await;
    assert!(goto.contains("%2Fv1%2Fcallback&"), "{goto}");
    let page = stage.browser.sign_in(&goto, AMYS_NAME, Consent::Allow, "en").await;
    assert_says(&page, 200, "en", "amy@localhost");
    assert!(stage.is_linked("octopus", AMYS_NAME).await);
}

#[tokio::test]
async fn browsers_are_sent_nowhere_else() {
    let stage = Stage::openid("").await;
    for next in
        ["https://evil.example/", "javascript:alert(1)", "//evil.example", "/version", "http://127.0.0.1:1/"]
    {
        let registration = json!({"provider": "octopus", "id": AMYS_NAME, "target": AMY.jid, "next": next});
        let refused = stage.world.http().post("/v1/register", &registration).await;
        assert_eq!(refused.error(), (400, "value_error".into()), "{next}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_told() {
    let mut stage = Stage::openid("").await;
    let check = |stage: &Stage| {
        let output = stage.world.service.run(&["check"]);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (well, said) = check(&stage);
    assert!(well && said.contains("octopus answers") && said.contains("/v1/callback"), "{said}");
    stage.provider.stop().await;
    let (well, said) = check(&stage);
    assert!(!well && said.contains("providers.octopus: the provider cannot be asked"), "{said}");
    let refused = stage.amy.register("octopus", AMYS_NAME, false).await;
    assert!(refused.is_err());
    stage.world.service.says("somebody could not be signed in").await;
}

#[tokio::test]
async fn nothing_is_left_of_signing_in() {
    let mut stage = Stage::github().await;
    let goto = stage.goto("github", AMYS_NAME).await;
    let page = stage.browser.sign_in(&goto, AMYS_NAME, Consent::Allow, "en").await;
    assert_eq!(page.status, 200, "{page:?}");
    let needles =
        [Needle::text("the user's name", AMYS_NAME), Needle::text("the client's secret", CLIENT_SECRET)]
            .into_iter()
            .chain(parameters(&goto))
            .collect::<Vec<_>>();
    assert!(needles.len() >= 4, "{needles:?}");
    for _ in 0..2 {
        assert_eq!(find(&stage.world.service.data(), &needles), [""; 0]);
        let log = stage.world.service.log().text();
        for needle in &needles {
            assert!(!needle.is_in(log.as_bytes()), "{needle:?}");
        }
        if stage.world.service.process().unwrap().runs() {
            assert!(stage.world.service.terminate().await.success());
        }
    }
}

/// The state and the code of a URL.
fn parameters(url: &str) -> impl Iterator<Item = Needle> {
    let url = reqwest::Url::parse(url).unwrap();
    let secret = |name: &str| ["state", "code", "code_challenge"].contains(&name);
    let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| secret(name)).collect();
    pairs.into_iter().map(|(name, value)| Needle::text(&name, &value))
}

/// The answer to a program that asks for JSON.
async fn as_program(http: &Http, path: &str) -> Reply {
    Reply::to(http.request(Method::GET, path).header("accept", "application/json")).await
}

/// A provider that does as it likes, and a client that reads JSON.
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

    /// What the provider sends a browser back to, as a path.
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

    // A state of another registration, none, and one that nobody has given out.
    assert_eq!(it.error(&format!("{}?{}", at(&path), query(&other))).await, oauth_exception());
    // Without a state it is a code, and nobody is told that a sign-in waits.
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

    // Whose state it is decides for whom the name is proven.
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
    // Nobody followed anybody anywhere, with a token or the client's secret in hand.
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

    // After all that, the registration still waits.
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
    // What is shown has used up the state, so each has one of its own.
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
