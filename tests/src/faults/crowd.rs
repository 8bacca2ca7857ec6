//! The people who take part.

use std::sync::Arc;

use itseme_client::{Options, Session};

use crate::{people::Person, server::Peered, world::World};

/// Those who register, verify and ask for contact.
const ASKERS: usize = 8;
/// Those who are asked, of each [`Habit`].
const OF_EACH: usize = 3;

/// The way in which a person uses XMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// There whenever the server is.
    Online,
    /// Comes and goes.
    Reconnecting,
    /// Looks in now and then.
    Offline,
}

/// Everybody, and where their server is.
#[derive(Debug)]
pub struct Crowd {
    /// Those who ask.
    pub askers: Vec<Person>,
    /// Those who are asked.
    pub recipients: Vec<(Person, Habit)>,
    client_port: u16,
}

impl Crowd {
    /// Makes their accounts and confirms their JIDs, so that they can ask over HTTP and be found.
    pub async fn gather(world: &World) -> Arc<Self> {
        let habits = [Habit::Online, Habit::Reconnecting, Habit::Offline];
        let recipients = habits.iter().flat_map(|&habit| [habit; OF_EACH]).enumerate();
        let crowd = Self {
            askers: (0..ASKERS).map(|number| Person::numbered("asker", number, "localhost")).collect(),
            recipients: recipients
                .map(|(number, habit)| (Person::numbered("asked", ASKERS + number, "localhost"), habit))
                .collect(),
            client_port: world.server.client_port(),
        };
        crowd.move_in(|person| world.server.add_account(person)).await
    }

    /// So many who ask at here.example, and so many who are asked at there.example: also by those who do not belong to their server.
    pub async fn of_two(world: &Peered, askers: usize, recipients: usize) -> Arc<Self> {
        let habits = [Habit::Online, Habit::Reconnecting, Habit::Offline].into_iter().cycle();
        let asked = (askers..).zip(habits).take(recipients);
        let crowd = Self {
            askers: (0..askers).map(|number| Person::numbered("asker", number, "here.example")).collect(),
            recipients: asked
                .map(|(number, habit)| (Person::numbered("asked", number, "there.example"), habit))
                .collect(),
            client_port: world.servers.here.client_port(),
        };
        crowd.move_in(|person| world.servers.add_account(person)).await
    }

    async fn move_in(self, add_account: impl Fn(&Person)) -> Arc<Self> {
        for person in self.everybody() {
            add_account(person);
            let session = self.log_in(person).await.expect("a login");
            session.register("xmpp", person.jid, false).await.expect("the own JID");
            session.close().await;
        }
        Arc::new(self)
    }

    /// Logs somebody in who is not available for messages.
    pub async fn log_in(&self, person: &Person) -> Result<Session, itseme_client::Error> {
        Session::log_in(Options {
            jid: person.bare_jid(),
            password: person.password(),
            service: format!("itseme.{}", person.host()).parse().expect("a JID"),
            server: Some(format!("127.0.0.1:{}", self.client_port)),
        })
        .await
    }

    /// Returns the port where clients connect.
    pub fn client_port(&self) -> u16 {
        self.client_port
    }

    /// Those who ask and those who are asked.
    pub fn everybody(&self) -> impl Iterator<Item = &Person> {
        self.askers.iter().chain(self.recipients.iter().map(|(person, _)| person))
    }
}
