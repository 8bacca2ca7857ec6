//! Two services that are peers: two components of one Prosody, which has a host for the people of each; or those of a Prosody and an
//! ejabberd that federate.

use std::{
    fs,
    path::{Path, PathBuf},
};

use itseme_client::{Options, Session, minidom::Element, xmpp_parsers::component::Handshake};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use toml::Table;

use super::{
    AMY_THERE, COMPONENT_SECRET, EVE_HERE, Federation, MICHAEL_HERE, Server, Site, ZOE_YONDER,
    neighbours::{Neighbour, hosts, names},
};
use crate::{
    gateway::Gateway,
    http::Http,
    names::NameServer,
    people::Person,
    ports,
    raw::{RawClient, Stream},
    service::Service,
    wait::within,
};

/// The services and their servers, with accounts for Michael and Eve here and Amy there. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Peered {
    /// The service at here.example.
    pub here: Service,
    /// The service at there.example.
    pub there: Service,
    /// The gateway of the text messages of both.
    pub gateway: Gateway,
    /// The servers that they are attached to.
    pub servers: Servers,
    folder: TempDir,
}

/// The servers of [`Peered`].
#[derive(Debug)]
pub struct Servers {
    /// Prosody, with the people of here.example.
    pub here: Neighbour,
    /// ejabberd, with those of there.example. Without it, they are at the other as well.
    pub there: Option<Server>,
    /// The port for components of the first.
    component_port: u16,
}

impl Peered {
    /// The JID of the service at here.example.
    pub const HERE: &str = "itseme.here.example";
    /// The JID of the service at there.example.
    pub const THERE: &str = "itseme.there.example";
    /// The JID of a service that is only [started](Self::third) by some tests, at yonder.example.
    pub const YONDER: &str = "itseme.yonder.example";
    /// The JID of a component that is no service.
    pub const ROGUE: &str = "itseme.rogue.example";

    /// Two services that are peers of each other.
    pub async fn start() -> Self {
        Self::with("", "").await
    }

    /// The same with keys of each service's configuration set otherwise, in TOML.
    pub async fn with(here: &str, there: &str) -> Self {
        Self::prepare(here, there).await.started().await
    }

    /// The same, each attached to a server of its own.
    pub async fn federated() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let servers = Servers::two(&folder).await;
        Self::around(servers, folder, "", "").await.started().await
    }

    /// As [`with`](Self::with), but no service was started.
    pub async fn prepare(here: &str, there: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let servers = Servers::one(&folder).await;
        Self::around(servers, folder, here, there).await
    }

    /// All else that belongs to the servers.
    async fn around(servers: Servers, folder: TempDir, here: &str, there: &str) -> Self {
        [MICHAEL_HERE, EVE_HERE, AMY_THERE].iter().for_each(|person| servers.add_account(person));
        let gateway = Gateway::start(&part(&folder, "gateway")).await;
        let service = |jid, peer, wishes| service(&part(&folder, jid), &servers, &gateway, jid, peer, wishes);
        let here = service(Self::HERE, Self::THERE, here);
        let there = service(Self::THERE, Self::HERE, there);
        Self { here, there, gateway, servers, folder }
    }

    async fn started(mut self) -> Self {
        self.here.start().await;
        self.there.start().await;
        self
    }

    /// Starts a third service, at the one server, with an account for Zoe.
    pub async fn third(&self, wishes: &str) -> Service {
        self.servers.add_account(&ZOE_YONDER);
        let folder = part(&self.folder, Self::YONDER);
        let mut third = service(&folder, &self.servers, &self.gateway, Self::YONDER, Self::HERE, wishes);
        third.start().await;
        third
    }

    /// Logs somebody in with the reference client, which asks the service of that JID.
    pub async fn client_of(&self, person: &Person, service: &str) -> Session {
        let options = Options {
            jid: person.bare_jid(),
            password: person.password(),
            service: service.parse().expect("a JID"),
            server: Some(format!("127.0.0.1:{}", self.servers.client_port(person))),
        };
        Session::connect(options).await.expect("a login")
    }

    /// Logs somebody in with the reference client, which asks the service of their own server.
    pub async fn client(&self, person: &Person) -> Session {
        self.client_of(person, &format!("itseme.{}", person.host())).await
    }

    /// Logs somebody in, whose phone number is then proven at the service of their own server.
    pub async fn with_number(&self, person: &Person) -> Session {
        let client = self.client(person).await;
        let registered = client.register("phone", person.phone, false).await.expect("a registration");
        let code = self.gateway.take(person.phone).await.code();
        assert!(client.verify(&registered.hash, &code).await.expect("the right code"));
        client
    }

    /// Logs somebody in to send raw bytes.
    pub async fn raw(&self, person: &Person) -> RawClient {
        RawClient::login(self.servers.client_port(person), person).await
    }

    /// A service over HTTP.
    pub fn http(service: &Service) -> Http {
        Http::new(service.http_port())
    }

    /// Connects as the component that is no service.
    pub async fn rogue(&self) -> Rogue {
        Rogue::connect(self.servers.component_port).await
    }
}

impl Drop for Peered {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let there = self.servers.there.iter().flat_map(Server::processes);
            let servers = self.servers.here.process.iter().chain(there);
            let services = [self.here.process(), self.there.process()].into_iter().flatten();
            services
                .map(|process| &*process)
                .chain(servers)
                .for_each(|process| eprintln!("{}", process.log().tail()));
        }
    }
}

impl Servers {
    /// One server, of which all services are components.
    async fn one(folder: &TempDir) -> Self {
        let component_port = ports::free();
        let components = [Peered::HERE, Peered::THERE, Peered::YONDER, Peered::ROGUE];
        let settings =
            hosts(component_port, &["here.example", "there.example", "yonder.example"], &components);
        let here = Neighbour::start(&part(folder, "server"), ports::free(), &settings).await;
        Self { here, there: None, component_port }
    }

    /// Two servers that federate, by dialback.
    async fn two(folder: &TempDir) -> Self {
        let (ours, theirs, component_port) = (ports::free(), ports::free(), ports::free());
        let servers = |port, [host, service]: [&'static str; 2]| [(host, port), (service, port)];
        let here = servers(ours, ["here.example", Peered::HERE]);
        let there = servers(theirs, ["there.example", Peered::THERE]);
        let settings = names(&[here, there].concat());
        let settings = format!("{settings}\n{}", hosts(component_port, &["here.example"], &[Peered::HERE]));
        let mut site = Site::new(&part(folder, "ejabberd"), "there.example", Peered::THERE);
        let names = NameServer::start(&here).await.port();
        site.federation = Some(Federation { port: theirs, names });
        let mut there = Server::named("ejabberd", site);
        there.start().await;
        let here = Neighbour::start(&part(folder, "prosody"), ours, &settings).await;
        Self { here, there: Some(there), component_port }
    }

    /// Makes an account.
    pub fn add_account(&self, person: &Person) {
        match self.other_server_of(person) {
            Some(there) => there.add_account(person),
            None => self.here.add_account(person),
        }
    }

    /// Returns the port where somebody's client connects.
    pub fn client_port(&self, person: &Person) -> u16 {
        self.other_server_of(person).map_or(self.here.client_port(), Server::client_port)
    }

    /// Returns the port where the service of that JID connects.
    pub fn component_port(&self, service: &str) -> u16 {
        let there = self.there.as_ref().filter(|_| service == Peered::THERE);
        there.map_or(self.component_port, Server::component_port)
    }

    fn other_server_of(&self, person: &Person) -> Option<&Server> {
        self.there.as_ref().filter(|_| person.host() == "there.example")
    }
}

/// Makes a folder for a part of it.
fn part(folder: &TempDir, name: &str) -> PathBuf {
    let part = folder.path().join(name);
    fs::create_dir(&part).expect("a folder");
    part
}

/// A service with this JID and this peer.
fn service(
    folder: &Path,
    servers: &Servers,
    gateway: &Gateway,
    jid: &str,
    peer: &str,
    wishes: &str,
) -> Service {
    let settings = settings_of(jid, peer, servers.component_port(jid), gateway);
    Service::new(folder, ports::free(), settings, wishes)
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
    pub async fn next_that(&mut self, mut wanted: impl FnMut(&Element) -> bool) -> Element {
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
