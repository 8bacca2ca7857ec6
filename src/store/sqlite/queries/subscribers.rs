//! Subscribers of the service's presence.

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::clock::Millis;
use crate::model::{Mac, OwnAddresses};
use crate::store::{ReadSubscribers, Result, Subscriber, WriteSubscribers};

pub fn subscriber(row: &SqlRow) -> rusqlite::Result<Subscriber> {
    Ok(Subscriber {
        owner: row.get("owner_mac")?,
        server: row.get("server_mac")?,
        addresses: OwnAddresses::of_bits(row.get("addresses")?),
        asked: OwnAddresses::of_bits(row.get("asked")?),
        sealed: row.get("box")?,
        seen_at: number(row, "seen_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadSubscribers for Session<'_> {
    fn is_subscriber(&self, owner: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM subscribers WHERE owner_mac = ?", [owner], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn subscriber(&self, owner: &Mac) -> Result<Option<Subscriber>> {
        self.one("SELECT * FROM subscribers WHERE owner_mac = ?", [owner], subscriber)
    }

    fn subscribers_of(&self, server: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) FROM subscribers WHERE server_mac = ?";
        Ok(self.one(sql, [server], |row| row.get(0))?.unwrap_or_default())
    }

    fn subscribers(&self, after: Option<&Mac>, limit: usize) -> Result<Vec<Subscriber>> {
        // An empty blob sorts before every MAC.
        let after = after.map_or(&[][..], |mac| &mac.0);
        self.all(
            "SELECT * FROM subscribers WHERE owner_mac > ? ORDER BY owner_mac LIMIT ?",
            params![after, limit],
            subscriber,
        )
    }

    fn subscriber_count(&self) -> Result<usize> {
        let counted = self.one("SELECT count(*) FROM subscribers", [], |row| row.get(0))?;
        Ok(counted.unwrap_or_default())
    }
}

impl WriteSubscribers for Session<'_> {
    fn put_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO subscribers (owner_mac, server_mac, addresses, asked, box, seen_at, key_number)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                subscriber.owner,
                subscriber.server,
                subscriber.addresses.bits(),
                subscriber.asked.bits(),
                subscriber.sealed,
                subscriber.seen_at,
                subscriber.key
            ],
        )?;
        Ok(())
    }

    fn delete_subscriber(&self, owner: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM subscribers WHERE owner_mac = ?", [owner])? > 0)
    }

    fn drop_quietest_subscriber(&self, server: &Mac, since: Millis) -> Result<bool> {
        let sql = "DELETE FROM subscribers WHERE owner_mac =
                   (SELECT owner_mac FROM subscribers WHERE server_mac = ? AND seen_at < ?
                    AND NOT EXISTS (SELECT 1 FROM links WHERE links.owner_mac = subscribers.owner_mac)
                    ORDER BY seen_at LIMIT 1)";
        Ok(self.run(sql, params![server, since])? > 0)
    }
}
