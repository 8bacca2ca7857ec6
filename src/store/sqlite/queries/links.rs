//! Links and aliases.

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::model::Mac;
use crate::store::{Link, NO_PROOF, ReadLinks, Result, WriteLinks};

pub fn link(row: &SqlRow) -> rusqlite::Result<Link> {
    Ok(Link {
        id: row.get("id_mac")?,
        alias_of: row.get("alias_of_mac")?,
        owner: row.get("owner_mac")?,
        proof: row.get("proof")?,
        sealed: row.get("box")?,
        verified_on: number(row, "verified_on")?,
        key: number(row, "key_number")?,
    })
}

impl Session<'_> {
    /// Returns `true` if the id has a row. No index ensures that it has one at most, so whoever makes one asks first.
    pub fn has_row(&self, id: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM links WHERE id_mac = ? LIMIT 1", [id], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// To be called before a row of that id is made.
    pub fn adds(&self, id: &Mac) {
        if let Some(filter) = self.filter {
            filter.add(id);
        }
    }
}

impl ReadLinks for Session<'_> {
    fn owners(&self, ids: &[Mac]) -> Result<Vec<Option<Mac>>> {
        let sql = "SELECT proof FROM links WHERE id_mac = ?";
        self.of_each(sql, ids, |row| row.get("proof"))
    }

    fn matches(&self, ids: &[Mac]) -> Result<Vec<bool>> {
        let mut found = self.filter.and_then(|filter| filter.may_have(ids));
        let found = found.get_or_insert_with(|| vec![true; ids.len()]);
        let left: Vec<Mac> = ids
            .iter()
            .zip(&*found)
            .filter_map(|(id, may)| may.then_some(*id))
            .collect();
        let mut owners = self.owners(&left)?.into_iter();
        let answered = found.iter().map(|may| *may && owners.next().flatten().is_some());
        Ok(answered.collect())
    }

    fn links(&self, ids: &[Mac]) -> Result<Vec<Option<Link>>> {
        self.of_each("SELECT * FROM links WHERE id_mac = ?", ids, link)
    }

    fn has_links(&self, owner: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM links WHERE owner_mac = ? LIMIT 1", [owner], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn links_of(&self, owner: &Mac) -> Result<Vec<Link>> {
        let sql = "SELECT * FROM links WHERE owner_mac = ? AND alias_of_mac IS NULL ORDER BY rowid";
        self.all(sql, [owner], link)
    }

    fn count_links_of(&self, owner: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) FROM links WHERE owner_mac = ? AND alias_of_mac IS NULL";
        Ok(self.one(sql, [owner], |row| row.get(0))?.unwrap_or_default())
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
        self.adds(id);
        let columns = params![id, alias_of, owner, proof, sealed, verified_on, key];
        let made = "INSERT INTO links (id_mac, alias_of_mac, owner_mac, proof, box, verified_on, key_number)
                    VALUES (?, ?, ?, ?, ?, ?, ?)";
        // Most ids are new.
        if !self.has_row(id)? {
            return self.run(made, columns).map(drop);
        }
        // By their owner, because there is no index of what they are aliases of.
        let aliases = "DELETE FROM links WHERE alias_of_mac = ?1
                       AND owner_mac IN (SELECT owner_mac FROM links WHERE id_mac = ?1)";
        self.run(aliases, [id])?;
        // A row of its own follows, because links are listed in the order of their rows: a moved one would tell its new owner when
        // another made it. Somebody with the file can have put a second row there: that goes as well.
        self.run("DELETE FROM links WHERE id_mac = ? AND owner_mac <> ?", [id, owner])?;
        let kept = "UPDATE links SET alias_of_mac = ?2, proof = ?4, box = ?5, verified_on = ?6, key_number = ?7
                    WHERE id_mac = ?1 AND owner_mac = ?3";
        if self.run(kept, columns)? == 0 {
            self.run(made, columns)?;
        }
        Ok(())
    }

    fn delete_link(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        let link = "DELETE FROM links WHERE id_mac = ? AND owner_mac = ? AND alias_of_mac IS NULL";
        let was_theirs = self.run(link, [id, owner])? > 0;
        // Those, too, whose link was lost.
        let aliases = "DELETE FROM links WHERE alias_of_mac = ? AND owner_mac = ?";
        self.run(aliases, [id, owner])?;
        Ok(was_theirs)
    }

    fn delete_links_of(&self, owner: &Mac) -> Result<usize> {
        let count = self.count_links_of(owner)?;
        self.run("DELETE FROM links WHERE owner_mac = ?", [owner])?;
        Ok(count)
    }

    fn doubt_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "UPDATE links SET proof = ? WHERE owner_mac = ?";
        self.run(sql, [&NO_PROOF, owner]).map(drop)
    }

    fn delete_doubted_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "DELETE FROM links WHERE owner_mac = ? AND proof = ?";
        self.run(sql, [owner, &NO_PROOF]).map(drop)
    }
}
