//! Connections that fail.

#![allow(clippy::unwrap_used)]
use reqwest::{RequestBuilder, StatusCode};

use super::*;
use crate::dial::fault::faulty;

/// A gateway at a URL.
struct At(String);

impl OverHttp for At {
    fn section(&self) -> &str {
        "providers.phone.gateways.at"
    }

    fn message(&self, client: &Client, _: Text<'_>) -> RequestBuilder {
        client.post(&self.0)
    }

    fn question(&self, client: &Client) -> RequestBuilder {
        client.head(&self.0)
    }

    fn verdict(&self, status: StatusCode, _body: &[u8]) -> Result<String, String> {
        Ok(status.to_string())
    }
}

#[tokio::test]
async fn each_fault_of_a_connection_has_its_own_words() {
    let server = faulty::SelfSigned::start();
    for (url, words) in [
        (
            format!("http://127.0.0.1:{}/?key=hunter2", faulty::refusing()),
            "refuses connections",
        ),
        ("https://nowhere.invalid/?key=hunter2".into(), "cannot be looked up"),
        (
            format!("https://127.0.0.1:{}/?key=hunter2", faulty::plain("hello\r\n")),
            "does not speak TLS",
        ),
        (
            format!("https://localhost:{}/?key=hunter2", server.port),
            "update-ca-certificates",
        ),
    ] {
        let told = Sms::new(
            [("at".to_owned(), Arc::new(At(url)) as Arc<dyn Gateway>)].into(),
            Vec::new(),
            None,
        )
        .unwrap()
        .check()
        .await
        .unwrap_err();
        assert!(told.contains(words) && !told.contains("hunter2"), "{told}");
    }
}
