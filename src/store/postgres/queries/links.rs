//! Links and aliases.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{get, mac, number, some_mac, values};
use crate::model::Mac;
use crate::store::{Link, NO_PROOF, ReadLinks, Result, WriteLinks};

pub fn link(row: &Row) -> Result<Link> {
    Ok(Link {
        id: mac(row, "id_mac")?,
        alias_of: some_mac(row, "alias_of_mac")?,
        owner: mac(row, "owner_mac")?,
        proof: mac(row, "proof")?,
        sealed: get(row, "box")?,
        verified_on: number(row, "verified_on")?,
        key: number(row, "key_number")?,
    })
}

impl Session<'_> {
    /// Asks for the owners of `ids` ahead. Only in transactions that change nothing.
    pub fn read_owners(&self, ids: &[Mac]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let owners = self.find_owners(ids)?;
        self.owners.borrow_mut().extend(ids.iter().copied().zip(owners));
        Ok(())
    }

    fn find_owners(&self, ids: &[Mac]) -> Result<Vec<Option<Mac>>> {
        if let [id] = ids {
            let sql = "SELECT proof FROM links WHERE id_mac = $1";
            return Ok(vec![self.one(sql, values![id], |row| mac(row, "proof"))?]);
        }
        let sql = "SELECT id_mac, proof FROM links WHERE id_mac = ANY($1)";
        let read = |row: &Row| Ok((mac(row, "id_mac")?, mac(row, "proof")?));
        let found: HashMap<Mac, Mac> = self.all(sql, values![ids], read)?.into_iter().collect();
        Ok(ids.iter().map(|id| found.get(id).copied()).collect())
    }
}

impl ReadLinks for Session<'_> {
    fn owners(&self, ids: &[Mac]) -> Result<Vec<Option<Mac>>> {
        let known = self.owners.borrow();
        let known: Option<Vec<Option<Mac>>> = ids.iter().map(|id| known.get(id).copied()).collect();
        known.map_or_else(|| self.find_owners(ids), Ok)
    }

    fn links(&self, ids: &[Mac]) -> Result<Vec<Option<Link>>> {
        let sql = "SELECT * FROM links WHERE id_mac = ANY($1)";
        let found = self.all(sql, values![ids], link)?;
        let found: HashMap<Mac, Link> = found.into_iter().map(|link| (link.id, link)).collect();
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    fn has_links(&self, owner: &Mac) -> Result<bool> {
        self.exists("SELECT FROM links WHERE owner_mac = $1 LIMIT 1", values![owner])
    }

    fn links_of(&self, owner: &Mac) -> Result<Vec<Link>> {
        let sql = "SELECT * FROM links WHERE owner_mac = $1 AND alias_of_mac IS NULL ORDER BY number";
        self.all(sql, values![owner], link)
    }

    fn count_links_of(&self, owner: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) AS number FROM links WHERE owner_mac = $1 AND alias_of_mac IS NULL";
        self.count(sql, values![owner])
    }
}

impl WriteLinks for Session<'_> {
    fn put_link(&self, link: &Link) -> Result<()> {
        let Link {
            id,
            alias_of,
            owner,
            proof,
            sealed,
            verified_on,
            key,
        } = link;
        let aliases = "DELETE FROM links WHERE alias_of_mac = $1
                       AND owner_mac = (SELECT owner_mac FROM links WHERE id_mac = $1)";
        self.later(aliases, values![id])?;
        // A row of its own for another owner, because links are listed in the order of their rows: a moved one would tell its
        // new owner when another made it.
        self.later(
            "DELETE FROM links WHERE id_mac = $1 AND owner_mac <> $2",
            values![id, owner],
        )?;
        let put = "INSERT INTO links (id_mac, alias_of_mac, owner_mac, proof, box, verified_on, key_number)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)
                   ON CONFLICT (id_mac) DO UPDATE
                   SET alias_of_mac = $2, proof = $4, box = $5, verified_on = $6, key_number = $7";
        self.later(put, values![id, alias_of, owner, proof, sealed, *verified_on, *key])
    }

    fn delete_link(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        // Those, too, whose link was lost.
        let aliases = "DELETE FROM links WHERE alias_of_mac = $1 AND owner_mac = $2";
        self.later(aliases, values![id, owner])?;
        let link = "DELETE FROM links WHERE id_mac = $1 AND owner_mac = $2 AND alias_of_mac IS NULL";
        Ok(self.run(link, values![id, owner])? > 0)
    }

    fn delete_links_of(&self, owner: &Mac) -> Result<usize> {
        let count = self.count_links_of(owner)?;
        self.later("DELETE FROM links WHERE owner_mac = $1", values![owner])?;
        Ok(count)
    }

    fn doubt_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "UPDATE links SET proof = $1 WHERE owner_mac = $2";
        self.later(sql, values![&NO_PROOF, owner])
    }

    fn delete_doubted_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "DELETE FROM links WHERE owner_mac = $1 AND proof = $2";
        self.later(sql, values![owner, &NO_PROOF])
    }
}
