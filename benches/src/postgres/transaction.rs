//! A transaction as the service makes it (`itseme::store::postgres`): by prepared statements, of which only those are waited for
//! whose answer is needed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Poll;

use futures::future::{FutureExt, LocalBoxFuture, ready};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::Database;

/// Those of the service's connections.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '10s'; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;
    SET synchronous_commit = on; SET client_min_messages = error";

/// The service sends this in every transaction.
const KEY_STATE: &str = "SELECT (SELECT value FROM meta WHERE name = 'key_number') AS number,
    EXISTS (SELECT 1 FROM meta WHERE name = 'former_key_check') AS is_changing";

/// A parameter of a statement.
pub type Value = Box<dyn ToSql + Sync>;

/// The parameters of a statement, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as $crate::postgres::transaction::Value),*]
    };
}
pub(super) use values;

type Answer<T> = LocalBoxFuture<'static, Result<T, Error>>;

/// What a transaction does.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Read,
    Write,
    Claim,
}

impl Kind {
    fn begin(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Self::Claim => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }
}

/// A connection with its prepared statements.
#[derive(Debug)]
pub struct Connection {
    client: Rc<Client>,
    statements: RefCell<HashMap<&'static str, Statement>>,
}

impl Connection {
    /// Connects.
    pub async fn open(database: &Database) -> anyhow::Result<Self> {
        let client = Rc::new(database.connect().await?);
        client.batch_execute(SETTINGS).await?;
        Ok(Self { client, statements: RefCell::default() })
    }

    /// Does something in a transaction.
    pub async fn transact<T>(
        &self,
        kind: Kind,
        job: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let transaction = Transaction { connection: self, unanswered: RefCell::default() };
        transaction.begin(kind).await?;
        match job(&transaction).await {
            Ok(done) => transaction.commit(kind).await.map(|()| done),
            Err(error) => {
                self.client.batch_execute("ROLLBACK").await?;
                Err(error)
            }
        }
    }

    async fn simple(&self, sql: &'static str) -> Answer<()> {
        let client = self.client.clone();
        sent(async move { client.batch_execute(sql).await }.boxed_local()).await
    }

    async fn query(&self, sql: &'static str, values: Vec<Value>) -> Result<Answer<Vec<Row>>, Error> {
        let known = self.statements.borrow().get(sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => self.client.prepare(sql).await?,
        };
        self.statements.borrow_mut().insert(sql, statement.clone());
        let client = self.client.clone();
        let answer = async move {
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
            client.query(&statement, &values).await
        };
        Ok(sent(answer.boxed_local()).await)
    }
}

/// A request is sent when it is polled first. The server answers in the order of the requests.
async fn sent<T: 'static>(mut answer: Answer<T>) -> Answer<T> {
    match futures::poll!(&mut answer) {
        Poll::Ready(answer) => ready(answer).boxed_local(),
        Poll::Pending => answer,
    }
}

/// A transaction.
pub struct Transaction<'a> {
    connection: &'a Connection,
    unanswered: RefCell<Vec<Answer<()>>>,
}

impl Transaction<'_> {
    /// Returns the rows that a statement finds or returns.
    pub async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let answer = self.send(sql, values).await?;
        self.settle().await?;
        answer.await
    }

    /// Sends a statement whose answer is read with the next that is waited for.
    pub async fn later(&self, sql: &'static str, values: Vec<Value>) -> Result<(), Error> {
        let answer = self.send(sql, values).await?;
        self.unanswered.borrow_mut().push(answer.map(|rows| rows.map(drop)).boxed_local());
        Ok(())
    }

    /// The first error tells why: after that, the server refuses everything, to prepare a statement as well.
    async fn send(&self, sql: &'static str, values: Vec<Value>) -> Result<Answer<Vec<Row>>, Error> {
        let answer = self.connection.query(sql, values).await;
        if answer.is_err() {
            self.settle().await?;
        }
        answer
    }

    async fn begin(&self, kind: Kind) -> Result<(), Error> {
        let begun = self.connection.simple(kind.begin()).await;
        self.unanswered.borrow_mut().push(begun);
        self.later(KEY_STATE, values![]).await
    }

    async fn commit(&self, kind: Kind) -> Result<(), Error> {
        let ended = self.connection.simple("COMMIT").await;
        self.settle().await?;
        match kind {
            // All that was asked has been answered.
            Kind::Read => Ok(()),
            Kind::Write | Kind::Claim => ended.await,
        }
    }

    async fn settle(&self) -> Result<(), Error> {
        for answer in self.unanswered.take() {
            answer.await?;
        }
        Ok(())
    }
}
