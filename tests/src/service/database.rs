//! What the database of a service shows, and what can be done to it.

use std::process::Command;

use super::Service;
use crate::{postgres, process::Process, wait::until};

impl Service {
    /// Waits until all that it had to send was taken.
    pub async fn has_sent_everything(&self) {
        until("an empty outbox", || self.outbox_is_empty().then_some(()), || self.log().tail()).await;
    }

    /// Waits until all that it had to send was taken, or came back: from accounts that do not exist it does.
    pub async fn has_tried_everything(&self) {
        let probe = || (self.query("SELECT count(*) FROM outbox WHERE returned = 0") == "0").then_some(());
        let waiting = "SELECT queue, tries, is_taken, count(*), min(due_at), max(due_at) FROM outbox WHERE returned = 0 GROUP BY 1, 2, 3";
        let explain =
            || format!("queue, tries, taken, rows, due:\n{}\n{}", self.query(waiting), self.log().tail());
        until("an outbox with returned messages alone", probe, explain).await;
    }

    /// Returns `true` if nothing waits to be sent.
    pub fn outbox_is_empty(&self) -> bool {
        self.query("SELECT count(*) FROM outbox") == "0"
    }

    /// Returns the number of the last message that was put into the outbox; `None` if the database cannot be asked just
    /// now.
    pub fn last_message(&self) -> Option<i64> {
        let of_sqlite = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'";
        let of_postgres = "SELECT last_value FROM outbox_id_seq";
        self.query(if self.postgres.is_some() { of_postgres } else { of_sqlite }).parse().ok()
    }

    /// Returns `true` if no message by XMPP with that number, or a lower one, waits to be sent or to be sure.
    pub fn has_sent_up_to(&self, last: i64) -> bool {
        self.query(&format!("SELECT count(*) FROM outbox WHERE queue = 1 AND id <= {last}")) == "0"
    }

    /// Returns the waiting messages: queue, tries, due time and count.
    pub fn outbox(&self) -> String {
        if self.postgres.is_some() {
            return self.query(
                "SELECT string_agg(format('queue %s, %s tries, held by %s until %s, due %s', queue, tries, holder, \
                 to_timestamp(lease_ends_at / 1000), to_timestamp(due_at / 1000)), '; ') FROM outbox",
            );
        }
        self.query(
            "SELECT group_concat(line, '; ') FROM (SELECT printf('queue %d, %d tries, due %s: %d', queue, tries, \
             datetime(due_at / 1000, 'unixepoch'), count(*)) AS line FROM outbox GROUP BY queue, tries, due_at / 1000)",
        )
    }

    /// Returns the number of messages that were taken and may come back, and of those that came back.
    pub fn kept(&self) -> String {
        self.query("SELECT printf('%d taken, %d returns', total(is_taken), total(returned)) FROM outbox")
    }

    /// Returns the check of the database: "ok", or the faults.
    pub fn integrity(&self) -> String {
        if self.postgres.is_none() {
            return self.query("PRAGMA integrity_check");
        }
        self.query("CREATE EXTENSION IF NOT EXISTS amcheck");
        self.query(
            "SELECT CASE WHEN count(bt_index_check(pg_class.oid, true)) > 9 THEN 'ok' END FROM pg_class \
             JOIN pg_am ON pg_am.oid = relam WHERE relkind = 'i' AND amname = 'btree' \
             AND relnamespace = 'public'::regnamespace",
        )
    }

    /// Returns the one value that the database answers, or nothing if it cannot be asked just now.
    fn query(&self, sql: &str) -> String {
        if let Some(postgres) = &self.postgres {
            return postgres::query(postgres, sql);
        }
        let mut command = Command::new("sqlite3");
        command
            .args(["-batch", "-init", "/dev/null", "-cmd", ".timeout 30000"])
            .arg(self.database())
            .arg(sql);
        let output = command.output().expect("sqlite3");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts a process that has the database open and has begun to read it, until it is dropped.
    pub async fn read_database(&self) -> Process {
        let script = "import sqlite3, sys, time\n\
            database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n\
            database.execute('BEGIN')\n\
            database.execute('SELECT count(*) FROM pending').fetchone()\n\
            print('reading', flush=True)\n\
            time.sleep(3600)";
        let mut command = Command::new("python3");
        command.arg("-c").arg(script).arg(self.database());
        let mut reader = Process::spawn("a reader", &command, &self.folder.join("reader.log"));
        reader.says("reading").await;
        reader
    }

    /// Makes every access to the database fail from now on, as a broken disk would.
    pub fn break_database(&self) {
        let script = r#"
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
    database.execute(f'DROP TABLE "{table}"')
database.commit()
"#;
        let status = Command::new("python3").arg("-c").arg(script).arg(self.database()).status();
        assert!(status.is_ok_and(|status| status.success()), "the database could not be broken");
    }
}
