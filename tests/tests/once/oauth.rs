//! People sign in at a provider: with a real browser, at real authorization servers that were written by others.

use itseme_client::{Event, Session};
use itseme_tests::{
    AMY, Needle, World, find, free_port, hash, next_event,
    oauth::{Browser, CLIENT_ID, CLIENT_SECRET, Consent, Page, Provider, USERS},
};
use serde_json::json;
use tempfile::TempDir;

pub const AMYS_NAME: &str = USERS[0];
pub const EVES_NAME: &str = USERS[1];

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

    /// Waits for the message that the browser has finished.
    async fn is_told(&self, provider: &str, name: &str) {
        let expected = hash(provider, name);
        next_event(&self.amy, |event| match event {
            Event::Verified { hash, confirmed, .. } => (confirmed && hash == expected).then_some(()),
            _ => None,
        })
        .await;
    }
}

/// Returns the settings of a provider that is configured without discovery.
pub fn spelled_out(provider: &Provider) -> String {
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
    assert!(page.question.contains(&format!("bei github als {AMYS_NAME} angemeldet")), "{page:?}");
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
    assert!(said.contains("sign-in at octopus: octopus answers, and accepts client_id"), "{said}");
    let output = stage.world.service.run(&["check", "--set", "providers.octopus.client_secret=wrong"]);
    let wrong = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && wrong.contains("set client_id and client_secret"), "{wrong}");
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
