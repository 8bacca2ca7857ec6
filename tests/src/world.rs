//! Everything together.

use std::{env, fs, path::PathBuf, thread};

use itseme_client::{
    AddressBook, Agent, AgentEvent, Answer, Event, Options, Region, Session, Store, minidom::Element,
};
use tempfile::TempDir;
use toml::Table;

use crate::{
    gateway::Gateway,
    http::Http,
    mail::MailServer,
    people::{AMY, EVE, MICHAEL, Person},
    ports,
    postgres::Postgres,
    raw::RawClient,
    server::{self, COMPONENT_SECRET, Server, Site},
    service::Service,
    settings::merge,
    wait::{logged_in, within},
};

/// The account from which the service writes to people.
pub const ACCOUNT: &str = "itseme@itseme.localhost";

/// The domain of people's accounts.
const HOST: &str = "localhost";

/// The service's JID.
pub const SERVICE: &str = "itseme.localhost";

/// An XMPP server with accounts for Amy, Michael and Eve on `localhost`, the service attached to it, a mail
/// server and an SMS gateway. All of it ends when this is dropped.
#[derive(Debug)]
pub struct World {
    /// The service.
    pub service: Service,
    /// The XMPP server.
    pub server: Server,
    /// The server of its mails.
    pub mail: MailServer,
    /// The gateway of its SMS.
    pub gateway: Gateway,
    /// What there is over PostgreSQL.
    pub shared: Option<Shared>,
    has_accounts: bool,
    _folder: TempDir,
}

/// A second instance of the service, and the database that both use.
#[derive(Debug)]
pub struct Shared {
    /// The second instance. It stands by.
    pub partner: Service,
    /// The server of the database.
    pub postgres: Postgres,
}

impl World {
    /// With limits that no test reaches by accident.
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// With keys of the service's configuration set otherwise, in TOML, where `GATEWAY_URL` is the gateway's address
    /// and `MAIL_PORT` the mail server's port.
    pub async fn with(wishes: &str) -> Self {
        Self::on(ports::free(), wishes).await
    }

    /// As [`with`](Self::with), with the service's HTTP on a port that had to be known before.
    pub async fn on(http_port: u16, wishes: &str) -> Self {
        Self::running(&server::wanted(), http_port, wishes).await
    }

    /// As [`start`](Self::start), on a server of the named kind.
    pub async fn attached_to(server: &str) -> Self {
        Self::running(server, ports::free(), "").await
    }

    async fn running(server: &str, http_port: u16, wishes: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::running(server, &part(&folder, "server"), HOST, SERVICE).await;
        let mut world = Self::around(server, folder, http_port, wishes, is_shared()).await;
        world.make_accounts();
        world.start_service().await;
        world
    }

    /// Starts the service, and its second instance if there is one.
    pub async fn start_service(&mut self) {
        self.service.start().await;
        if let Some(shared) = &mut self.shared {
            shared.partner.spawn();
            shared.partner.says("this one stands by").await;
        }
    }

    /// As [`with`](Self::with), but neither the XMPP server nor the service was started. The server is this world's own.
    pub async fn prepare(wishes: &str) -> Self {
        Self::prepare_on(ports::free(), wishes).await
    }

    /// As [`on`](Self::on), but neither the XMPP server nor the service was started. The server is this world's own.
    pub async fn prepare_on(http_port: u16, wishes: &str) -> Self {
        Self::prepared(http_port, wishes, is_shared()).await
    }

    /// Two instances of the service over one PostgreSQL database, started. The XMPP server is this world's own.
    pub async fn with_two_instances(wishes: &str) -> Self {
        let mut world = Self::prepared(ports::free(), wishes, true).await;
        world.start_server().await;
        world.start_service().await;
        world
    }

    /// As [`with_two_instances`](Self::with_two_instances), but nothing was started except the database.
    pub async fn prepare_two(wishes: &str) -> Self {
        Self::prepared(ports::free(), wishes, true).await
    }

    async fn prepared(http_port: u16, wishes: &str, is_shared: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut site = Site::new(&part(&folder, "server"), HOST, SERVICE);
        site.replaces_component = is_shared;
        Self::around(Server::named(&server::wanted(), site), folder, http_port, wishes, is_shared).await
    }

    /// Everything else that belongs to a server.
    async fn around(server: Server, folder: TempDir, http_port: u16, wishes: &str, is_shared: bool) -> Self {
        let mail = MailServer::start(&part(&folder, "mail")).await;
        let gateway = Gateway::start(&part(&folder, "gateway")).await;
        let wishes =
            wishes.replace("GATEWAY_URL", &gateway.url()).replace("MAIL_PORT", &mail.port().to_string());
        let settings = settings(&server, &mail, &gateway);
        let mut service = Service::new(&part(&folder, "service"), http_port, settings.clone(), &wishes);
        let shared = match is_shared {
            true => Some(Shared::over(&folder, &mut service, settings, &wishes).await),
            false => None,
        };
        Self { service, server, mail, gateway, shared, has_accounts: false, _folder: folder }
    }

    /// Starts the XMPP server; the first time it also gets its accounts.
    pub async fn start_server(&mut self) {
        self.server.start().await;
        self.make_accounts();
    }

    fn make_accounts(&mut self) {
        if !self.has_accounts {
            [AMY, MICHAEL, EVE].iter().for_each(|person| self.server.add_account(person));
            self.has_accounts = true;
        }
    }

    /// Its second instance, and their database.
    pub fn shared(&mut self) -> &mut Shared {
        self.shared.as_mut().expect("a world with two instances")
    }

    /// The service over HTTP.
    pub fn http(&self) -> Http {
        Http::new(self.service.http_port())
    }

    /// Logs somebody in with the reference client.
    pub async fn client(&self, person: &Person) -> Session {
        let options = Options {
            jid: person.bare_jid(),
            password: person.password(),
            service: SERVICE.parse().expect("a JID"),
            server: Some(format!("127.0.0.1:{}", self.server.client_port())),
        };
        logged_in(async || Session::connect(options.clone()).await).await.expect("a login")
    }

    /// Logs a person in with an address book, whose numbers without a country code are dialled in `regions`. The people
    /// of the book are answered.
    pub async fn agent(&self, person: &Person, book: &str, regions: &[Region]) -> Agent {
        let (session, book) = (self.client(person).await, AddressBook::parse(book, regions));
        Agent::new(session, book, Answer::Matched, Store::in_memory()).expect("an empty store")
    }

    /// Logs somebody in to send raw bytes.
    pub async fn raw(&self, person: &Person) -> RawClient {
        RawClient::login(self.server.client_port(), person).await
    }

    /// Everything of a person, proven natively.
    pub async fn prove(&self, client: &Session, person: &Person) {
        self.prove_phone(client, person).await;
        self.prove_email(client, person).await;
    }

    /// The phone number, proven: registered, and verified with the code of the SMS. Returns its hash.
    pub async fn prove_phone(&self, client: &Session, person: &Person) -> String {
        let registered = client.register("phone", person.phone, false).await.expect("a registration");
        let code = self.gateway.take(person.phone).await.code();
        assert!(client.verify(&registered.hash, &code).await.expect("the right code"));
        registered.hash
    }

    /// The mail address, proven: registered, and verified with the code of the mail. Returns its hash.
    pub async fn prove_email(&self, client: &Session, person: &Person) -> String {
        let registered = client.register("email", person.email, false).await.expect("a registration");
        let code = self.mail.take(person.email).await.code();
        assert!(client.verify(&registered.hash, &code).await.expect("the right code"));
        registered.hash
    }
}

/// Returns `true` if tests of one service are to have two instances of it over PostgreSQL.
fn is_shared() -> bool {
    env::var("ITSEME_TEST_STORE").is_ok_and(|store| store == "postgres")
}

impl Shared {
    /// Starts a database, and has `service` and a second instance use it. They have one key file.
    async fn over(folder: &TempDir, service: &mut Service, settings: Table, wishes: &str) -> Self {
        let path = part(folder, "postgres");
        let postgres = Postgres::start(&path).await;
        let store = format!(
            "[store]\nurl = \"{}\"\nkey_file = {:?}",
            postgres.url(),
            service.data().join("itseme.key")
        );
        let mut both: Table = wishes.parse().expect("wishes in TOML");
        merge(&mut both, store.parse().expect("a store in TOML"));
        let both = both.to_string();
        *service = Service::new(service.folder(), service.http_port(), settings.clone(), &both);
        let public_url = format!("[http]\npublic_url = \"http://127.0.0.1:{}\"", service.http_port());
        let mut second = both.parse().expect("wishes in TOML");
        merge(&mut second, public_url.parse().expect("an address in TOML"));
        let mut partner =
            Service::new(&part(folder, "partner"), ports::free(), settings, &second.to_string());
        service.uses(&path);
        partner.uses(&path);
        Self { partner, postgres }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if thread::panicking() {
            let partner = self.shared.as_mut().and_then(|shared| shared.partner.process());
            let services = self.service.process().into_iter().chain(partner).map(|process| &*process);
            for process in services.chain(self.server.processes()) {
                eprintln!("{}", process.log().tail());
            }
        }
    }
}

/// The next event of that kind; others before it are dropped.
pub async fn next_event<T>(client: &Session, wanted: impl Fn(Event) -> Option<T>) -> T {
    within("an event", async {
        loop {
            let event = client.next_event().await.expect("the connection lasts");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    })
    .await
}

/// The next event of an agent that is wanted; others before it are dropped.
pub async fn next_of_agent(agent: &mut Agent, wanted: impl Fn(&AgentEvent) -> bool) -> AgentEvent {
    within("an event of the agent", async {
        loop {
            let event = agent.next_event().await.expect("the connection lasts");
            if wanted(&event) {
                return event;
            }
        }
    })
    .await
}

/// The next introduction, as the message that brought it.
pub async fn introduction(client: &Session) -> Element {
    next_event(client, |event| match event {
        Event::Introduction { raw, .. } => Some(raw),
        _ => None,
    })
    .await
}

/// Returns a folder for a part of the world.
fn part(folder: &TempDir, name: &str) -> PathBuf {
    let part = folder.path().join(name);
    fs::create_dir(&part).expect("a folder");
    part
}

fn settings(server: &Server, mail: &MailServer, gateway: &Gateway) -> Table {
    let (component_port, mail_port, gateway_url) = (server.component_port(), mail.port(), gateway.url());
    let (sid, token) = (Gateway::SID, Gateway::TOKEN);
    let settings = format!(
        r#"
        [component]
        jid = "{SERVICE}"
        secret = "{COMPONENT_SECRET}"
        server = "127.0.0.1:{component_port}"

        [limits]
        requests_per_second = 10000
        guesses_per_day = 10000
        guesses_in_all_per_day = 1000000
        codes_per_day = 10000
        codes_per_target_per_day = 10000
        codes_per_address_per_day = 1000000
        bytes_per_server_per_day = 4000000000
        budget_percent_per_server = 100
        budget_percent_of_others = 100
        resend_after = "0s"
        hashes_per_day = 1000000
        repeat_contact_after = "0s"

        [providers.email]
        smtp = "smtp://127.0.0.1:{mail_port}"
        from = "it-se.me <verify@itse.example>"
        budget = 1000000

        [providers.phone]
        gateway = "twilio"
        account_sid = "{sid}"
        auth_token = "{token}"
        from = "+447700900000"
        api_url = "{gateway_url}"
        budgets = {{ "+" = 1000000 }}
        "#
    );
    settings.parse().expect("settings in TOML")
}
