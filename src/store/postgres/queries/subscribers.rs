//! Subscribers of the service's presence.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{get, mac, number, some_mac, values};
use crate::clock::Millis;
use crate::model::{Mac, OwnAddresses};
use crate::store::{ReadSubscribers, Result, Subscriber, WriteSubscribers};

pub fn subscriber(row: &Row) -> Result<Subscriber> {
    Ok(Subscriber {
        owner: mac(row, "owner_mac")?,
        server: some_mac(row, "server_mac")?,
        addresses: OwnAddresses::of_bits(number(row, "addresses")?),
        asked: OwnAddresses::of_bits(number(row, "asked")?),
        sealed: get(row, "box")?,
        seen_at: number(row, "seen_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadSubscribers for Session<'_> {
    fn is_subscriber(&self, owner: &Mac) -> Result<bool> {
        self.exists("SELECT FROM subscribers WHERE owner_mac = $1", values![owner])
    }

    fn subscriber(&self, owner: &Mac) -> Result<Option<Subscriber>> {
        self.one(
            "SELECT * FROM subscribers WHERE owner_mac = $1",
            values![owner],
            subscriber,
        )
    }

    fn subscribers_of(&self, server: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) AS number FROM subscribers WHERE server_mac = $1";
        self.count(sql, values![server])
    }

    fn subscribers(&self, after: Option<&Mac>, limit: usize) -> Result<Vec<Subscriber>> {
        // Empty bytes sort before every MAC.
        let after = after.map_or(&[][..], |mac| &mac.0);
        let sql = "SELECT * FROM subscribers WHERE owner_mac > $1 ORDER BY owner_mac LIMIT $2";
        self.all(sql, values![after, limit], subscriber)
    }

    fn subscriber_count(&self) -> Result<usize> {
        self.count("SELECT count(*) AS number FROM subscribers", values![])
    }
}

impl WriteSubscribers for Session<'_> {
    fn put_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        let Subscriber {
            owner,
            server,
            addresses,
            asked,
            key,
            sealed,
            seen_at,
        } = subscriber;
        self.later(
            "INSERT INTO subscribers (owner_mac, server_mac, addresses, asked, box, seen_at, key_number)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (owner_mac) DO UPDATE
             SET server_mac = $2, addresses = $3, asked = $4, box = $5, seen_at = $6, key_number = $7",
            values![owner, server, addresses.bits(), asked.bits(), sealed, *seen_at, *key],
        )
    }

    fn delete_subscriber(&self, owner: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM subscribers WHERE owner_mac = $1", values![owner])? > 0)
    }

    fn drop_quietest_subscriber(&self, server: &Mac, since: Millis) -> Result<bool> {
        let sql = "DELETE FROM subscribers WHERE owner_mac =
                   (SELECT owner_mac FROM subscribers WHERE server_mac = $1 AND seen_at < $2
                    AND NOT EXISTS (SELECT FROM links WHERE links.owner_mac = subscribers.owner_mac)
                    ORDER BY seen_at LIMIT 1)";
        Ok(self.run(sql, values![server, since])? > 0)
    }
}
