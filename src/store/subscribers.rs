//! Subscribers of the service's presence.

use super::Result;
use crate::clock::Millis;
use crate::model::{Mac, OwnAddresses};

/// Somebody who has the service in a contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The MAC of the subscriber.
    pub owner: Mac,
    /// The MAC of the server; `None` where subscribers are not counted by server.
    pub server: Option<Mac>,
    /// The addresses of the service in their contact list.
    pub addresses: OwnAddresses,
    /// Those addresses that have asked to be added in return.
    pub asked: OwnAddresses,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The JID, sealed.
    pub sealed: Vec<u8>,
    /// The day on which they were last seen, as the time when it began. A finer time would tell when somebody was there.
    pub seen_at: Millis,
}

/// Questions about subscribers.
pub trait ReadSubscribers {
    /// Returns `true` if `owner` is a subscriber.
    fn is_subscriber(&self, owner: &Mac) -> Result<bool>;
    /// The subscriber `owner`.
    fn subscriber(&self, owner: &Mac) -> Result<Option<Subscriber>>;
    /// Returns the number of subscribers of `server`.
    fn subscribers_of(&self, server: &Mac) -> Result<usize>;
    /// Up to `limit` subscribers behind `after`, in an order of the store's own.
    fn subscribers(&self, after: Option<&Mac>, limit: usize) -> Result<Vec<Subscriber>>;
    /// Returns the number of subscribers.
    fn subscriber_count(&self) -> Result<usize>;
}

/// Changes of subscribers.
pub trait WriteSubscribers {
    /// Makes a subscriber.
    fn put_subscriber(&self, subscriber: &Subscriber) -> Result<()>;
    /// Removes a subscriber. Returns `true` if there was one.
    fn delete_subscriber(&self, owner: &Mac) -> Result<bool>;
    /// Removes the subscriber of `server` that was not seen for the longest, of those that were not seen since `since` and have
    /// no link. Returns `true` if there was one.
    fn drop_quietest_subscriber(&self, server: &Mac, since: Millis) -> Result<bool>;
}
