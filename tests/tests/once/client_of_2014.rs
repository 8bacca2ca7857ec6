//! A client that knows the API document alone: it hashes and sends what a person has typed, and asks for all when it starts.

use itseme_client::{Event, Session};
use itseme_tests::{AMY, Http, Reply, World, hash, next_event, shapes};
use serde_json::json;
use tokio::task::JoinSet;

/// Numbers and addresses as people type them: by the document, the path has them as they are.
const TYPED: [(&str, &str, &str); 4] = [
    ("phone", "+44 7700 900123", AMY.phone),
    ("email", "Amy@Example.org", AMY.email),
    ("email", "Mailto:Amy.Pond@EXAMPLE.org", "amy.pond@example.org"),
    ("phone", "+44-(0)7700-900124", "+447700900124"),
];

/// The limits as they are if the admin sets none.
const LIMITS: &str = "[limits]\nrequests_per_second = 10\nrequest_burst = 30\nresend_after = '30s'\ncodes_per_target_per_day = 20";

/// A row of the client's list: an identity as it was typed, for the JID as it was typed.
#[derive(Clone)]
struct Row {
    provider: &'static str,
    id: String,
    jid: &'static str,
}

impl Row {
    /// The hash of what was typed.
    fn key(&self) -> String {
        hash(self.provider, &self.id)
    }

    async fn register(&self, http: &Http) -> Reply {
        http.get(&format!("/v1/register/{}/{}/{}", self.provider, self.id, self.jid)).await
    }

    async fn verify(&self, http: &Http, code: &str) -> Reply {
        http.get(&format!("/v1/verify/{}?code={code}", self.key())).await
    }

    async fn confirm(&self, http: &Http) -> Reply {
        http.get(&format!("/v1/confirm/{}/{}", self.key(), self.jid)).await
    }

    /// Registers, and enters the code that `arrives`; then all is as if the page was loaded again.
    async fn prove(&self, http: &Http, canonical: &str, arrives: impl AsyncFnOnce() -> String) {
        let hash = hash(self.provider, canonical);
        assert_eq!(self.confirm(http).await.ok(), json!({"confirmed": false}));
        assert_eq!(self.register(http).await.ok(), json!({"status": "pending", "hash": hash}));
        let code = arrives().await;
        let verified = self.verify(http, &code).await.ok();
        assert_eq!(verified, json!({"confirmed": true, "hash": hash}), "{}", self.id);
        assert_eq!(self.confirm(http).await.ok(), json!({"confirmed": false}), "only the own hash is linked");
        let again = self.register(http).await.ok();
        assert_eq!(again, json!({"status": "confirmed", "confirmed": true, "hash": hash}));
        assert_eq!(self.verify(http, &code).await.error(), (404, "not_found".into()));
        let confirmed = http.get(&format!("/v1/confirm/{hash}/{}", self.jid)).await.ok();
        assert_eq!(confirmed, json!({"confirmed": true}));
    }
}

#[tokio::test]
async fn what_a_person_types_is_proven_and_shown_as_confirmed() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    prove_jid(&http, &amy).await;
    for (provider, id, canonical) in TYPED {
        let row = Row { provider, id: id.into(), jid: "Amy@Localhost" };
        let arrives = async || match provider {
            "phone" => world.gateway.take(canonical).await.code(),
            _ => world.mail.take(canonical).await.code(),
        };
        row.prove(&http, canonical, arrives).await;
    }
}

/// The service is not more strict when all rows of a list ask at once than with the few of the document.
#[tokio::test]
async fn a_list_of_ten_rows_is_loaded_at_once() {
    let world = World::with(LIMITS).await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    prove_jid(&http, &amy).await;
    let rows: Vec<Row> =
        (0..10).map(|n| Row { provider: "email", id: format!("Row{n}@Example.org"), jid: AMY.jid }).collect();
    let mut loading = JoinSet::new();
    for row in rows.clone() {
        let http = http.clone();
        loading.spawn(async move {
            assert_eq!(row.confirm(&http).await.ok(), json!({"confirmed": false}));
            assert_eq!(row.register(&http).await.ok()["status"], "pending");
        });
    }
    loading.join_all().await;
    let mut confirmed = 0;
    for (n, row) in rows.iter().enumerate() {
        let mail = world.mail.take(&format!("row{n}@example.org")).await;
        let verified = row.verify(&http, &mail.code()).await;
        // Beyond the burst, a client has to wait, and is told how long.
        if verified.status == 429 {
            assert_eq!(verified.header("retry-after"), Some("1"));
            continue;
        }
        assert_eq!(verified.ok()["confirmed"], true);
        confirmed += 1;
    }
    // Seven requests for the JID and twenty for the rows leave three of the burst.
    assert!(confirmed >= 3, "{confirmed}");
}

async fn prove_jid(http: &Http, amy: &Session) {
    let row = Row { provider: "xmpp", id: "Amy@Localhost".into(), jid: "Amy@Localhost" };
    let arrives = async || {
        let code = next_event(amy, |event| match event {
            Event::Code { raw, .. } => Some(raw),
            _ => None,
        });
        shapes::assert_code_for_jid(&code.await, &AMY)
    };
    row.prove(http, AMY.jid, arrives).await;
}
