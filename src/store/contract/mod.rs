//! The contract of every store, written against the port alone.
//!
//! `contract::tests!(with_store)` in the tests of a store runs all of it; `with_store` makes an empty store and hands
//! it to the test.

#![allow(clippy::unwrap_used, missing_docs)]

use super::{Link, MuteRow, NewRow, Pending, Queue, Read, Result, Row, Store, Subscriber, TokenRow, Window, Write};
use crate::clock::Millis;
use crate::model::{Mac, OwnAddress, TokenHash};

pub mod changes;
pub mod claims;
pub mod copy;
pub mod keys;
pub mod links;
pub mod mutes;
pub mod outbox;
pub mod pending;
pub mod quota;
pub mod subscribers;
pub mod suppressions;
pub mod tokens;
pub mod upkeep;

/// Makes a `#[tokio::test]` of every test of the contract.
macro_rules! tests {
    ($with_store:ident) => {
        $crate::store::contract::tests!($with_store:
            links {
                links_are_found_moved_and_listed,
                many_are_looked_up_at_once_in_their_order,
                an_id_has_one_row,
                whoever_has_links_is_told,
                links_go_only_with_their_owner,
                aliases_come_and_go_with_their_link,
                links_in_doubt_stay_and_go_unless_they_are_made_again,
                no_link_is_missed_by_who_matches,
                links_match_before_in_and_after_a_change_of_the_key,
            }
            keys {
                rows_are_renewed_where_they_are,
                rows_are_found_by_their_key_and_what_they_are_of,
                every_row_comes_once_and_links_come_last,
                what_has_its_place_already_is_not_replaced,
                counters_begin_anew_once_in_a_change,
            }
            pending {
                registrations_are_kept_apart_by_target,
                registrations_are_replaced_and_removed,
                guesses_are_counted_apart_and_up_to_a_limit,
                whoever_guesses_at_the_same_time_has_no_more_guesses,
            }
            outbox {
                messages_come_when_due_and_in_order,
                queues_do_not_mix,
                messages_are_withdrawn_by_what_they_are_about,
                row_ids_are_never_used_again,
                a_retry_counts_and_waits,
                what_was_taken_waits_and_may_come_back,
                a_message_is_due_when_it_expires_at_the_latest,
                messages_are_read_in_the_order_they_came,
                who_pays_for_much_makes_room,
                what_is_still_to_be_sent_is_counted_and_hastened,
                many_messages_are_removed_together,
            }
            subscribers {
                subscribers_that_are_not_seen_go_unless_they_have_a_link,
                subscribers_come_in_pages_and_go,
            }
            mutes {
                mutes_are_their_owners_and_go,
            }
            tokens {
                tokens_are_found_and_go,
            }
            suppressions {
                who_is_suppressed_is_so_until_taken_back,
            }
            upkeep {
                what_expired_goes_and_nothing_else,
                what_expired_goes_bit_by_bit,
                times_are_noted_and_moved,
                everything_is_counted,
                settling_keeps_everything,
            }
            quota {
                what_is_counted_adds_up_until_the_window_ends,
                what_does_not_fit_is_not_counted,
                a_window_ends_by_the_time_it_can_at_the_latest,
                what_is_taken_back_was_counted_in_the_same_window,
                whoever_counts_at_the_same_time_exceeds_no_limit,
            }
            claims {
                what_is_due_is_claimed_in_order_and_by_one,
                two_workers_never_hold_one_message,
                what_waits_tells_when_to_try_again,
                a_lease_that_has_ended_lets_others_claim,
                what_was_released_is_as_it_was,
                a_claim_ends_with_the_change_that_ends_it,
                one_message_is_claimed_by_one,
                whoever_subscribes_is_woken_by_every_message,
            }
            copy {
                everything_goes_to_another_engine_and_back,
                rows_come_in_pages_and_as_they_are,
                whoever_comes_after_a_copy_stands_behind_it,
                the_version_of_the_tables_is_not_copied,
                keyed_rows_are_found_by_their_keys,
            }
            changes {
                an_error_rolls_everything_back,
                a_write_is_seen_by_the_next_read,
                many_writers_at_once_lose_nothing,
                changes_are_made_as_if_one_after_the_other,
                a_change_that_is_run_again_has_no_effect_twice,
                a_change_that_others_always_keep_from_being_made_ends,
            }
        );
    };
    ($with_store:ident: $($of:ident { $($name:ident,)* })*) => {
        $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $with_store($crate::store::contract::$of::$name).await;
        })*)*
    };
}
pub(crate) use tests;

const A: Mac = Mac([1; 16]);
const B: Mac = Mac([2; 16]);
const X: Mac = Mac([11; 16]);
const Y: Mac = Mac([12; 16]);

fn link(id: Mac, owner: Mac, seal: u8) -> Link {
    Link {
        id,
        alias_of: None,
        owner,
        proof: Mac([seal; 16]),
        sealed: vec![seal; 100],
        verified_on: 20_000,
        key: 0,
    }
}

fn pending(id: Mac, owner: Mac, expires_at: Millis) -> Pending {
    Pending {
        id,
        owner,
        code: Mac([3; 16]),
        native_guesses: 1,
        http_guesses: 2,
        expires_at,
        key: 0,
        sealed: vec![4; 50],
    }
}

pub fn row(queue: Queue, due_at: Millis, seal: u8) -> NewRow {
    NewRow {
        queue,
        about: None,
        payer: None,
        due_at,
        expires_at: 1000,
        key: 0,
        sealed: vec![seal],
    }
}

/// Counts in a window that begins at 0.
fn count(write: &dyn Write, key: Mac, by: u32, ends_at: Millis) -> Result<()> {
    write.count(&key, by, u32::MAX, Window { now: 0, ends_at }).map(drop)
}

/// Up to `limit` messages that are due, the longest due first, whoever holds them.
fn due(read: &dyn Read, queue: Queue, now: Millis, limit: usize) -> Result<Vec<Row>> {
    let mut rows = read.messages(queue, 0, 1000)?;
    rows.retain(|row| row.due_at <= now);
    rows.sort_by_key(|row| (row.due_at, row.id));
    rows.truncate(limit);
    Ok(rows)
}

async fn seals(store: &Store, queue: Queue, now: Millis) -> Vec<u8> {
    let rows = store.read(move |r| due(r, queue, now, 10)).await.unwrap();
    rows.iter().map(|row| row.sealed[0]).collect()
}

fn subscriber(n: u8) -> Subscriber {
    Subscriber {
        owner: Mac([n; 16]),
        server: Some(A),
        addresses: OwnAddress::Account.into(),
        asked: OwnAddress::Account.into(),
        key: 0,
        sealed: vec![n; 3],
        seen_at: 10,
    }
}

fn mute(muted: Mac, expires_at: Option<Millis>) -> MuteRow {
    MuteRow {
        owner: X,
        muted,
        key: 0,
        sealed: vec![1],
        expires_at,
    }
}

fn token(n: u8, owner: Mac, expires_at: Millis) -> TokenRow {
    TokenRow {
        hash: TokenHash([n; 32]),
        owner,
        key: 0,
        sealed: vec![n; 3],
        expires_at,
    }
}

async fn has_token(store: &Store, n: u8) -> bool {
    let found = store.read(move |r| r.token(&TokenHash([n; 32]))).await.unwrap();
    found.is_some_and(|found| found.sealed == [n; 3])
}
