//! A transaction, as the statements of the port use it.
//!
//! A statement whose answer nobody needs is sent and not waited for. The server answers in order, so the answers are read
//! with the next one that is needed, at the latest with that of the commit.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Row;

use super::connection::{Connection, Response};
use super::value::{Value, get, number};
use crate::model::Mac;
use crate::store::quotas::Quotas;
use crate::store::{KeyState, Queue, Result, StoreError};

/// Returns the number of the current key, and if the key is being changed. Sent with every transaction (`KeyState`).
const KEY_STATE: &str = "SELECT (SELECT value FROM meta WHERE name = 'key_number') AS number,
    EXISTS (SELECT 1 FROM meta WHERE name = 'former_key_check') AS is_changing";

/// What a transaction does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// Reads as of one moment.
    Read,
    /// Changes, as if no other changed something at the same time.
    Write,
    /// Changes rows that it has locked, and no others.
    Claim,
}

/// A transaction. It begins with its first statement.
pub struct Session<'a> {
    connection: &'a Connection,
    kind: TransactionKind,
    /// The number of this instance, which has claimed messages.
    pub holder: i64,
    has_begun: Cell<bool>,
    key_state_asked: RefCell<Option<Response<Vec<Row>>>>,
    key_state: Cell<Option<KeyState>>,
    unanswered: RefCell<Vec<Response<()>>>,
    /// The first error. No statement has an effect after it.
    failed: RefCell<Option<StoreError>>,
    /// What shows the owners of ids that were asked for ahead; `None` where there is no link.
    pub owners: RefCell<HashMap<Mac, Option<Mac>>>,
    /// The counters that were asked for.
    pub quotas: Quotas,
    /// The messages whose claims have ended.
    pub ended: RefCell<Vec<i64>>,
    /// The queues into which messages were put.
    pub posted: RefCell<BTreeSet<Queue>>,
}

impl<'a> Session<'a> {
    /// Begins when something is asked.
    pub fn new(connection: &'a Connection, kind: TransactionKind, holder: i64) -> Self {
        Self {
            connection,
            kind,
            holder,
            has_begun: Cell::new(false),
            key_state_asked: RefCell::default(),
            key_state: Cell::default(),
            unanswered: RefCell::default(),
            failed: RefCell::default(),
            owners: RefCell::default(),
            quotas: Quotas::default(),
            ended: RefCell::default(),
            posted: RefCell::default(),
        }
    }

    /// Returns the rows that a statement finds or returns.
    pub fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        self.asked(|connection| connection.send_query(sql, values))
    }

    /// As [`Session::rows`], each read by `map`.
    pub fn all<T>(&self, sql: &str, values: Vec<Value>, map: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        self.rows(sql, values)?.iter().map(map).collect()
    }

    /// The first row.
    pub fn one<T>(&self, sql: &str, values: Vec<Value>, map: fn(&Row) -> Result<T>) -> Result<Option<T>> {
        self.rows(sql, values)?.first().map(map).transpose()
    }

    /// Returns the number in the first column, called `number`.
    pub fn count(&self, sql: &str, values: Vec<Value>) -> Result<usize> {
        Ok(self.one(sql, values, |row| number(row, "number"))?.unwrap_or_default())
    }

    /// Returns `true` if a statement finds a row.
    pub fn exists(&self, sql: &str, values: Vec<Value>) -> Result<bool> {
        Ok(!self.rows(sql, values)?.is_empty())
    }

    /// Returns the number of rows that a statement changes.
    pub fn run(&self, sql: &str, values: Vec<Value>) -> Result<usize> {
        let changed = self.asked(|connection| connection.send_change(sql, values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Sends a statement whose answer nobody needs. If it fails, the transaction does.
    pub fn later(&self, sql: &str, values: Vec<Value>) -> Result<()> {
        self.begin()?;
        let answer = self.noted(self.connection.send_change(sql, values))?;
        let answer = async move { answer.await.map(drop) };
        self.unanswered.borrow_mut().push(Box::pin(answer));
        Ok(())
    }

    /// Ends the transaction: keeps the changes if `is_kept`.
    ///
    /// # Errors
    /// The first of all statements. Nothing was kept then, but if the connection was lost in the commit: that is not known.
    pub fn end(&self, is_kept: bool) -> Result<()> {
        if !self.has_begun.get() {
            return Ok(());
        }
        let is_kept = is_kept && self.write_quotas().is_ok() && !self.has_failed();
        let ended = self.connection.send(if is_kept { "COMMIT" } else { "ROLLBACK" });
        let _noted = self.settle();
        let ended = match self.kind {
            // All that was asked has been answered.
            TransactionKind::Read => Ok(()),
            TransactionKind::Write | TransactionKind::Claim => self.connection.wait(ended),
        };
        self.failed.take().map_or(ended, Err)
    }

    /// Returns `true` if a statement has failed. None has an effect after that.
    pub fn has_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }

    /// The keys that the database was under when this transaction began.
    pub fn state(&self) -> Result<KeyState> {
        self.begin()?;
        if let Some(state) = self.key_state.get() {
            return Ok(state);
        }
        let Some(answer) = self.key_state_asked.borrow_mut().take() else {
            return Err(StoreError::Unavailable("the database has not told its key".into()));
        };
        let rows = self.noted(self.connection.wait(answer))?;
        let Some(row) = rows.first() else {
            return Err(StoreError::Corrupt("the database does not tell its key".into()));
        };
        let bytes: Option<&[u8]> = get(row, "number")?;
        let number = bytes.map_or(0, |bytes| bytes.try_into().map_or(0, i64::from_be_bytes));
        let state = KeyState {
            number: u32::try_from(number).unwrap_or_default(),
            is_changing: get(row, "is_changing")?,
        };
        self.key_state.set(Some(state));
        Ok(state)
    }

    fn begin(&self) -> Result<()> {
        if let Some(error) = &*self.failed.borrow() {
            return Err(error.clone());
        }
        if !self.has_begun.replace(true) {
            let begun = self.connection.send(match self.kind {
                TransactionKind::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                TransactionKind::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
                TransactionKind::Claim => "BEGIN ISOLATION LEVEL READ COMMITTED",
            });
            match self.connection.was_idle() {
                // The server may end what has been idle, and what follows is to be in the transaction or nowhere.
                true => self.noted(self.connection.wait(begun))?,
                false => self.unanswered.borrow_mut().push(begun),
            }
            let state = self.noted(self.connection.send_query(KEY_STATE, Vec::new()))?;
            *self.key_state_asked.borrow_mut() = Some(state);
        }
        Ok(())
    }

    fn asked<T>(&self, send: impl FnOnce(&Connection) -> Result<Response<T>>) -> Result<T> {
        self.begin()?;
        let answer = self.noted(send(self.connection))?;
        let answer = self.connection.wait(answer);
        self.settle()?;
        self.noted(answer)
    }

    /// Reads the answers of what was sent before.
    fn settle(&self) -> Result<()> {
        for answer in self.unanswered.take() {
            if let Err(error) = self.connection.wait(answer) {
                self.failed.borrow_mut().get_or_insert(error);
            }
        }
        self.failed.borrow().clone().map_or(Ok(()), Err)
    }

    /// Notes an error, unless there was one before: after that, the server refuses everything.
    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error) = result else { return result };
        self.settle()?;
        self.failed.borrow_mut().get_or_insert(error.clone());
        Err(error)
    }
}
