//! The service over HTTP.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;

/// The base address of a service, and a client that follows nothing and adds nothing.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    client: Client,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status, as a number.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Http {
    /// Returns a client of the service on this port of 127.0.0.1.
    pub fn new(port: u16) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self { base: format!("http://127.0.0.1:{port}"), client: client.build().expect("an HTTP client") }
    }

    /// The same, asked from an address of this machine.
    pub fn from_address(from: Ipv4Addr, port: u16) -> Self {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).local_address(IpAddr::V4(from));
        Self { client: client.build().expect("an HTTP client"), ..Self::new(port) }
    }

    /// Returns the base URL of the service, without a final slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Any request, for [`send`](Reply::to).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
}

impl Reply {
    /// The reply to a request.
    pub async fn to(request: RequestBuilder) -> Self {
        send(request).await
    }

    /// Returns a header, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; panics unless it says that it is.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON of a success; panics when it is none.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// Status and code of an error; panics unless it also has a message for people.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        let json = self.json();
        let part = |key: &str| json["error"][key].as_str().unwrap_or_else(|| panic!("no {key}: {self:?}"));
        assert!(!part("message").is_empty(), "{self:?}");
        (self.status, part("code").to_owned())
    }
}

async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer from the service");
    read(response).await
}

async fn read(response: Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, body: response.text().await.expect("the whole body") }
}
