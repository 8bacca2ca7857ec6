//! Links and aliases.

use std::slice;

use super::Result;
use crate::model::Mac;

/// A proven identity, or an alias of one: another form in which people have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The MAC of the proven hash.
    pub id: Mac,
    /// The id of the link whose alias it is; `None` for a link.
    pub alias_of: Option<Mac>,
    /// The MAC of the owner: only to list somebody's links by.
    pub owner: Mac,
    /// Shows that it is the owner's ([`Keys::proof`](crate::model::Keys::proof)).
    pub proof: Mac,
    /// Target and hash, sealed.
    pub sealed: Vec<u8>,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The day of the proof, in days since the Unix epoch. A finer time would tell when somebody did something.
    pub verified_on: u32,
}

/// The proof of a link whose proof was taken away. It proves nothing.
pub const NO_PROOF: Mac = Mac([0; 16]);

/// Questions about links.
pub trait ReadLinks {
    /// For each of `ids`, in their order, what shows whose it is ([`Link::proof`]), if it is anybody's. However many they are, it is
    /// one question.
    fn owners(&self, ids: &[Mac]) -> Result<Vec<Option<Mac>>>;
    /// For each of `ids`, in their order, `true` if it is anybody's. Only for work that nobody waits for: the time that it takes may
    /// tell which are.
    fn matches(&self, ids: &[Mac]) -> Result<Vec<bool>> {
        Ok(self.owners(ids)?.iter().map(Option::is_some).collect())
    }
    /// For each of `ids`, in their order, its link, or the alias that it is: one question as well.
    fn links(&self, ids: &[Mac]) -> Result<Vec<Option<Link>>>;
    /// The link of `id`, or the alias.
    fn link(&self, id: &Mac) -> Result<Option<Link>> {
        Ok(self.links(slice::from_ref(id))?.pop().flatten())
    }
    /// Returns `true` if `owner` has a link.
    fn has_links(&self, owner: &Mac) -> Result<bool>;
    /// All links of `owner`, oldest first, without aliases.
    fn links_of(&self, owner: &Mac) -> Result<Vec<Link>>;
    /// Returns the number of these links.
    fn count_links_of(&self, owner: &Mac) -> Result<usize>;
}

/// Changes of links.
pub trait WriteLinks {
    /// Makes a link or an alias, in the place of any other of that id. The aliases that a link had go.
    fn put_link(&self, link: &Link) -> Result<()>;
    /// Removes the link of `id`, if `owner` has it, and its aliases, if `owner` has them. Returns true if there was the link.
    fn delete_link(&self, id: &Mac, owner: &Mac) -> Result<bool>;
    /// Removes every link of `owner` and its aliases. Returns the number of links.
    fn delete_links_of(&self, owner: &Mac) -> Result<usize>;
    /// Takes the proofs of every link of `owner` and of its aliases away: each is [`NO_PROOF`] then.
    fn doubt_links_of(&self, owner: &Mac) -> Result<()>;
    /// Removes every link of `owner` whose proof was taken away, and its aliases.
    fn delete_doubted_links_of(&self, owner: &Mac) -> Result<()>;
}
