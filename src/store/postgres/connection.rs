//! One connection, on the thread that uses it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::address::{Address, PATIENCE};
use super::error;
use super::value::Value;
use crate::store::{Result, StoreError};

/// Statements are short, and no statement is to wait for a service that hangs. Indexes are used for small tables, too: without
/// them, each change would conflict with all others.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '10s'; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 1;
    SET tcp_keepalives_count = 3; SET tcp_user_timeout = '10s'; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;
    SET synchronous_commit = on; SET client_min_messages = error";

/// The time after which a connection has been idle.
const IDLE: Duration = Duration::from_secs(2);

/// A connection. The thread's own runtime serves it, so that no other thread must be woken for an answer.
pub struct Connection {
    runtime: Arc<Runtime>,
    client: Arc<Client>,
    statements: RefCell<HashMap<String, Statement>>,
    is_lost: Cell<bool>,
    answered_at: Cell<Instant>,
}

/// An answer that is not there yet.
pub type Response<T> = LocalBoxFuture<'static, std::result::Result<T, Error>>;

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// `Unavailable`, with the cause.
    pub fn open(runtime: Arc<Runtime>, address: &Address) -> Result<Self> {
        let client = runtime.block_on(async {
            let (told, _) = mpsc::unbounded_channel();
            let client = address.connect(told).await?;
            let set = timeout(PATIENCE, client.batch_execute(SETTINGS)).await;
            set.map_err(|_elapsed| StoreError::Unavailable("PostgreSQL does not answer".into()))?
                .map_err(|error| error::of(&error))?;
            Ok::<_, StoreError>(client)
        })?;
        Ok(Self {
            runtime,
            client: Arc::new(client),
            statements: RefCell::default(),
            is_lost: Cell::new(false),
            answered_at: Cell::new(Instant::now()),
        })
    }

    /// Returns `true` if it cannot be used any more.
    pub fn is_lost(&self) -> bool {
        self.is_lost.get() || self.client.is_closed()
    }

    /// Returns `true` if the server has said nothing for long.
    pub fn was_idle(&self) -> bool {
        self.answered_at.get().elapsed() > IDLE
    }

    /// Sends statements without parameters.
    pub fn send(&self, sql: &'static str) -> Response<()> {
        let client = self.client.clone();
        self.sent(Box::pin(async move { client.batch_execute(sql).await }))
    }

    /// Sends a statement.
    ///
    /// # Errors
    /// If the server does not know what it means.
    pub fn send_query(&self, sql: &str, values: Vec<Value>) -> Result<Response<Vec<Row>>> {
        let (statement, client) = (self.statement(sql)?, self.client.clone());
        Ok(self.sent(Box::pin(async move { client.query(&statement, &refs(&values)).await })))
    }

    /// Sends a statement that returns no rows. The answer is the number of changed rows.
    ///
    /// # Errors
    /// As [`Connection::send_query`].
    pub fn send_change(&self, sql: &str, values: Vec<Value>) -> Result<Response<u64>> {
        let (statement, client) = (self.statement(sql)?, self.client.clone());
        Ok(self.sent(Box::pin(
            async move { client.execute(&statement, &refs(&values)).await },
        )))
    }

    /// Waits for an answer.
    ///
    /// # Errors
    /// As the server says; `Unavailable` if it says nothing.
    pub fn wait<T>(&self, answer: Response<T>) -> Result<T> {
        if self.is_lost.get() {
            return Err(StoreError::Unavailable("the connection to PostgreSQL is lost".into()));
        }
        let answered = self
            .runtime
            .block_on(async { timeout(PATIENCE + PATIENCE / 2, answer).await });
        match answered {
            Ok(Ok(answer)) => {
                self.answered_at.set(Instant::now());
                Ok(answer)
            }
            Ok(Err(told)) => {
                self.is_lost.set(self.is_lost.get() || error::is_fatal(&told));
                Err(error::of(&told))
            }
            Err(_elapsed) => {
                self.is_lost.set(true);
                Err(StoreError::Unavailable("PostgreSQL does not answer".into()))
            }
        }
    }

    /// The request is sent when the future is polled first. The server answers in the order of the requests.
    fn sent<T: 'static>(&self, mut answer: Response<T>) -> Response<T> {
        let polled = self.runtime.block_on(async { futures::poll!(Pin::new(&mut answer)) });
        match polled {
            std::task::Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
            std::task::Poll::Pending => answer,
        }
    }

    fn statement(&self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let (client, text) = (self.client.clone(), sql.to_owned());
        let statement = self.wait(Box::pin(async move { client.prepare(&text).await }))?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn refs(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
