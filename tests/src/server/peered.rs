//! Two services that are peers: two components of one Prosody, which has a host for the people of each.

use std::{fs, path::PathBuf};

use itseme_client::{Options, Session, minidom::Element, xmpp_parsers::component::Handshake};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use toml::Table;

use super::{
    AMY_THERE, COMPONENT_SECRET, EVE_HERE, MICHAEL_HERE,
    neighbours::{Neighbour, host},
};
use crate::{
    gateway::Gateway, http::Http, people::Person, ports, raw::Stream, service::Service, wait::within,
};

/// The server, with accounts for Michael and Eve here and Amy there, and the services. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Peered {
    /// The service at here.example.
    pub here: Service,
    /// The service at there.example.
    pub there: Service,
    /// The gateway of the text messages of both.
    pub gateway: Gateway,
    server: Neighbour,
    component_port: u16,
    _folder: TempDir,
}

impl Peered {
    /// The JID of the service at here.example.
    pub const HERE: &str = "itseme.here.example";
    /// The JID of the service at there.example.
    pub const THERE: &str = "itseme.there.example";
    /// The JID of a component that is no service.
    pub const ROGUE: &str = "itseme.rogue.example";

    /// Two services that are peers of each other.
    pub async fn start() -> Self {
        Self::with("", "").await
    }

    /// The same with keys of each service's configuration set otherwise, in TOML.
    pub async fn with(here: &str, there: &str) -> Self {
        let mut peered = Self::prepare(here, there).await;
        peered.here.start().await;
        peered.there.start().await;
        peered
    }

    /// As [`with`](Self::with), but no service was started.
    pub async fn prepare(here: &str, there: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let part = |name: &str| -> PathBuf {
            let part = folder.path().join(name);
            fs::create_dir(&part).expect("a folder");
            part
        };
        let component_port = ports::free();
        let components = [Self::HERE, Self::THERE, Self::ROGUE]
            .map(|jid| format!("Component \"{jid}\"\n\tcomponent_secret = \"{COMPONENT_SECRET}\"\n"));
        let settings = format!(
            "component_interfaces = {{ \"127.0.0.1\" }}\ncomponent_ports = {{ {component_port} }}\n\
             VirtualHost \"here.example\"\nVirtualHost \"there.example\"\n{}",
            components.concat()
        );
        let server = Neighbour::start(&part("server"), ports::free(), &settings).await;
        [MICHAEL_HERE, EVE_HERE, AMY_THERE].iter().for_each(|person| server.add_account(person));
        let gateway = Gateway::start(&part("gateway")).await;
        let service = |name: &str, jid: &str, peer: &str, wishes: &str| {
            let settings = settings_of(jid, peer, component_port, &gateway);
            Service::new(&part(name), ports::free(), settings, wishes)
        };
        let here = service("here", Self::HERE, Self::THERE, here);
        let there = service("there", Self::THERE, Self::HERE, there);
        Self { here, there, gateway, server, component_port, _folder: folder }
    }

    /// Logs somebody in with the reference client, which asks the service of that JID.
    pub async fn client_of(&self, person: &Person, service: &str) -> Session {
        let options = Options {
            jid: person.bare_jid(),
            password: person.password(),
            service: service.parse().expect("a JID"),
            server: Some(format!("127.0.0.1:{}", self.server.client_port)),
        };
        Session::connect(options).await.expect("a login")
    }

    /// Logs somebody in with the reference client, which asks the service of their own server.
    pub async fn client(&self, person: &Person) -> Session {
        self.client_of(person, &format!("itseme.{}", host(person))).await
    }

    /// Logs somebody in, whose phone number is then proven at the service of their own server.
    pub async fn with_number(&self, person: &Person) -> Session {
        let client = self.client(person).await;
        let registered = client.register("phone", person.phone, false).await.expect("a registration");
        let code = self.gateway.take(person.phone).await.code();
        assert!(client.verify(&registered.hash, &code).await.expect("the right code"));
        client
    }

    /// A service over HTTP.
    pub fn http(service: &Service) -> Http {
        Http::new(service.http_port())
    }

    /// Connects as the component that is no service.
    pub async fn rogue(&self) -> Rogue {
        Rogue::connect(self.component_port).await
    }
}

impl Drop for Peered {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let services = [self.here.process(), self.there.process(), self.server.process.as_mut()];
            for process in services.into_iter().flatten() {
                eprintln!("{}", process.log().tail());
            }
        }
    }
}

fn settings_of(jid: &str, peer: &str, component_port: u16, gateway: &Gateway) -> Table {
    let (url, sid, token) = (gateway.url(), Gateway::SID, Gateway::TOKEN);
    let settings = format!(
        r#"
        [component]
        jid = "{jid}"
        secret = "{COMPONENT_SECRET}"
        server = "127.0.0.1:{component_port}"

        [limits]
        requests_per_second = 10000

        [[peers]]
        jid = "{peer}"

        [providers.phone]
        gateway = "twilio"
        account_sid = "{sid}"
        auth_token = "{token}"
        from = "+447700900000"
        api_url = "{url}"
        budgets = {{ "+" = 1000000 }}
        "#
    );
    settings.parse().expect("settings in TOML")
}

/// A component that sends what it likes, as [`Peered::ROGUE`].
#[derive(Debug)]
pub struct Rogue {
    connection: TcpStream,
    stream: Stream,
}

impl Rogue {
    async fn connect(port: u16) -> Self {
        let connection = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
        let mut rogue = Self { connection, stream: Stream::new() };
        rogue
            .send(&format!(
                "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
                 xmlns:stream='http://etherx.jabber.org/streams' to='{}'>",
                Peered::ROGUE
            ))
            .await;
        let mut header = String::new();
        while !header.contains("<stream:stream") || !header.ends_with('>') {
            let mut bytes = [0; 4096];
            let length = rogue.connection.read(&mut bytes).await.expect("a header");
            header += std::str::from_utf8(&bytes[..length]).expect("UTF-8");
        }
        rogue.stream.feed(header.as_bytes());
        let id = header.split(" id='").nth(1).and_then(|rest| rest.split('\'').next()).expect("an id");
        let handshake = Handshake::from_stream_id_and_password(id.to_owned(), COMPONENT_SECRET);
        let digest: String =
            handshake.data.expect("a digest").iter().map(|byte| format!("{byte:02x}")).collect();
        rogue.send(&format!("<handshake>{digest}</handshake>")).await;
        assert_eq!(rogue.next().await.name(), "handshake");
        rogue
    }

    /// Sends text as it is.
    pub async fn send(&mut self, text: &str) {
        self.connection.write_all(text.as_bytes()).await.expect("the stream is open");
    }

    /// The next thing that comes.
    pub async fn next(&mut self) -> Element {
        within("a stanza for the component", async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                if let Some(element) = self.stream.next() {
                    return element;
                }
                let length = self.connection.read(&mut bytes).await.expect("the stream is open");
                assert_ne!(length, 0, "the server has closed the stream");
                self.stream.feed(&bytes[..length]);
            }
        })
        .await
    }

    /// The next thing that is as `wanted`; what comes before it is dropped.
    pub async fn next_that(&mut self, wanted: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if wanted(&element) {
                return element;
            }
        }
    }

    /// The next request with an element of that name.
    pub async fn request(&mut self, name: &str) -> Element {
        let is_it = |element: &Element| {
            element.name() == "iq"
                && matches!(element.attr("type"), Some("get" | "set"))
                && element.children().any(|child| child.name() == name)
        };
        self.next_that(is_it).await
    }

    /// Asks the service at there.example, and returns the answer.
    pub async fn ask(&mut self, kind: &str, payload: &str) -> Element {
        self.ask_as(Peered::ROGUE, kind, payload).await
    }

    /// The same with any sender.
    pub async fn ask_as(&mut self, from: &str, kind: &str, payload: &str) -> Element {
        let id = format!("rogue-{:016x}", rand::random::<u64>());
        let to = Peered::THERE;
        self.send(&format!("<iq type='{kind}' id='{id}' from='{from}' to='{to}'>{payload}</iq>")).await;
        self.next_that(|answer| answer.name() == "iq" && answer.attr("id") == Some(&id)).await
    }

    /// Answers a request with this type and payload.
    pub async fn answer(&mut self, request: &Element, kind: &str, payload: &str) {
        let attribute = |name: &str| request.attr(name).expect("a request").to_owned();
        let (id, to, from) = (attribute("id"), attribute("from"), attribute("to"));
        self.send(&format!("<iq type='{kind}' id='{id}' from='{from}' to='{to}'>{payload}</iq>")).await;
    }
}
