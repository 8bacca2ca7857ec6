//! Moves between databases of both engines.

#![allow(clippy::unwrap_used, clippy::panic)]
use std::cell::{Cell as Counter, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use zeroize::Zeroizing;

use super::*;
use crate::clock::{Millis, Reading};
use crate::model::seal::Purpose;
use crate::model::{OwnAddress, SystemRandom, TokenHash};
use crate::store::testing::TestDatabase;
use crate::store::{Link, MuteRow, NewRow, Pending, Queue, Subscriber, TokenRow, Window};

const LINKS: u8 = 20;
const HOUR: Millis = 60 * 60 * 1000;

fn keys() -> Keys {
    Keys::new(&Zeroizing::new([7; 32]))
}

fn mac(n: u8) -> Mac {
    Mac([n; 16])
}

fn seal(place: Purpose<'_>) -> Vec<u8> {
    let mut random: SystemRandom = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    keys().seal(place, b"content", &mut random)
}

/// The files and servers of the databases of a test.
struct Place {
    folder: tempfile::TempDir,
    servers: RefCell<Vec<TestDatabase>>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            servers: RefCell::default(),
        }
    }

    fn file(&self, name: &str) -> Database {
        Database::Sqlite(self.folder.path().join(name))
    }

    fn postgres(&self) -> Database {
        let made = TestDatabase::new();
        let database = Database::Postgres(Box::new(made.address()));
        self.servers.borrow_mut().push(made);
        database
    }
}

/// A database with rows in every table, last used an hour ago.
fn filled(database: &Database) {
    let opened = database.open_alone(keys().check()).unwrap();
    opened.write(&mut |write| fill(write)).unwrap();
}

fn link(id: Mac, alias_of: Option<Mac>, owner: Mac) -> Link {
    let (id_of, owner_of) = (&id, &owner);
    let purpose = match &alias_of {
        None => Purpose::Link {
            id: id_of,
            owner: owner_of,
        },
        Some(alias_of) => Purpose::Alias {
            id: id_of,
            owner: owner_of,
            alias_of,
        },
    };
    Link {
        id,
        alias_of,
        owner,
        proof: keys().proof(&id, &owner),
        sealed: seal(purpose),
        verified_on: 20_000,
        key: 0,
    }
}

fn token(hash: TokenHash, owner: Mac) -> TokenRow {
    let (of, by) = (&hash, &owner);
    let sealed = seal(Purpose::Token { hash: of, owner: by });
    TokenRow {
        hash,
        owner,
        key: 0,
        sealed,
        expires_at: 9000,
    }
}

fn subscriber(owner: Mac) -> Subscriber {
    let addresses = OwnAddress::Account.into();
    let by = &owner;
    Subscriber {
        owner,
        server: None,
        addresses,
        asked: addresses,
        key: 0,
        sealed: seal(Purpose::Subscriber { owner: by, addresses }),
        seen_at: 3,
    }
}

fn fill(w: &dyn Write) -> Stored<()> {
    let (key, owner) = (0, mac(1));
    for n in (10..10 + LINKS).rev() {
        w.put_link(&link(mac(n), None, owner))?;
    }
    w.put_link(&link(mac(60), Some(mac(10)), owner))?;
    for n in 70..75 {
        let (id, code, muted) = (mac(n), mac(n + 1), mac(n + 2));
        w.put_pending(&Pending {
            id,
            owner,
            code,
            native_guesses: 1,
            http_guesses: 2,
            expires_at: 5000,
            sealed: seal(Purpose::Pending {
                id: &id,
                owner: &owner,
                code: &code,
            }),
            key,
        })?;
        w.put_mute(&MuteRow {
            owner,
            muted,
            sealed: seal(Purpose::Mute {
                owner: &owner,
                muted: &muted,
            }),
            key,
            expires_at: None,
        })?;
        w.put_token(&token(TokenHash([n; 32]), owner), 9)?;
        let about = (n % 2 == 0).then_some(id);
        w.push(&NewRow {
            queue: Queue::EMAIL,
            about,
            payer: None,
            due_at: 7,
            expires_at: 5000,
            key,
            sealed: seal(Purpose::Outbox {
                queue: Queue::EMAIL.number(),
                about: about.as_ref(),
            }),
        })?;
        w.put_subscriber(&subscriber(id))?;
        w.put_suppression(&mac(n), key)?;
        w.count(&mac(n), 3, 9, Window { now: 0, ends_at: 4000 })?;
    }
    let now = Clock::system().now();
    w.note_time(Reading {
        own: 100,
        system: now - HOUR,
    })
}

fn quietly(from: &Database, to: &Database) -> Result<Same, String> {
    copy(from, to, &keys(), &|_| ())
}

fn rows(database: &Database) -> Vec<Record> {
    let opened = database.open_alone(keys().check()).unwrap();
    let all = |table| opened.ask(|read| read.records(table, None, 1000)).unwrap();
    COPIED.iter().flat_map(all).collect()
}

#[test]
fn a_database_is_moved_to_the_other_engine_and_back() {
    let place = Place::new();
    let (first, second, third) = (place.file("first.db"), place.postgres(), place.file("third.db"));
    filled(&first);
    let original = rows(&first);
    for (from, to) in [(&first, &second), (&second, &third)] {
        let told = RefCell::new(Vec::new());
        let same = copy(from, to, &keys(), &|line| told.borrow_mut().push(line)).unwrap();
        // All but suppressions and counters have boxes.
        let boxes = OPENED_FIRST + 5 * 5;
        assert_eq!((same.rows, same.opened, same.closed), (original.len(), boxes, 0));
        assert!(
            told.borrow().iter().any(|line| line == "21 of 21 links copied"),
            "{told:?}"
        );
        assert!(told.borrow().iter().any(|line| line == "links: 21 rows"), "{told:?}");
        assert_eq!(rows(to), original);
        assert_eq!(to.made_with().unwrap(), from.made_with().unwrap());
        let time = to.open_alone(keys().check()).unwrap().ask(|read| read.last_time());
        let Reading { own, system } = time.unwrap().unwrap();
        assert!(
            (100 + HOUR..100 + HOUR + HOUR / 2).contains(&own),
            "an hour has passed: {own}"
        );
        assert!(Clock::system().now().abs_diff(system) < HOUR / 2);
    }
    assert_eq!(rows(&first), original, "the source is as it was");
    // A service opens the copy.
    drop(third.open(keys().check()).unwrap());
}

#[test]
fn a_database_is_moved_within_an_engine() {
    let place = Place::new();
    let (first, second, third, last) = (
        place.file("first.db"),
        place.file("second.db"),
        place.postgres(),
        place.postgres(),
    );
    filled(&first);
    for (from, to) in [(&first, &second), (&second, &third), (&third, &last)] {
        quietly(from, to).unwrap();
    }
    assert_eq!(rows(&last), rows(&first));
}

#[test]
fn what_was_interrupted_goes_on() {
    let place = Place::new();
    let first = place.file("first.db");
    filled(&first);
    for to in [place.file("second.db"), place.postgres()] {
        let mut interruptions = 0;
        loop {
            // Each goes on further than the one before, until one is not interrupted.
            let left = Counter::new(interruptions);
            let tell = |_: String| match left.get() {
                0 => panic!("interrupted"),
                now => left.set(now - 1),
            };
            match catch_unwind(AssertUnwindSafe(|| copy(&first, &to, &keys(), &tell))) {
                Ok(same) => break assert_eq!(same.unwrap().rows, rows(&first).len()),
                Err(_interrupted) => interruptions += 1,
            }
            // The first one is before there is a target.
            if interruptions > 1 {
                let refused = to.open(keys().check()).err().unwrap().to_string();
                assert!(refused.contains("incomplete"), "{refused}");
            }
        }
        assert!(interruptions > 10, "{interruptions}");
        assert_eq!(rows(&to), rows(&first));
    }
}

#[track_caller]
fn assert_refused(from: &Database, to: &Database, key: &Keys, reason: &str) {
    let refused = copy(from, to, key, &|_| ()).unwrap_err();
    assert!(refused.contains(reason), "{reason}: {refused}");
}

#[test]
fn databases_that_cannot_be_moved_are_refused() {
    let place = Place::new();
    let key = keys();
    for (from, to) in [
        (place.file("first.db"), place.postgres()),
        (place.postgres(), place.file("second.db")),
    ] {
        assert_refused(&from, &to, &key, "there is no database");
        filled(&from);
        assert_refused(&from, &to, &Keys::new(&Zeroizing::new([8; 32])), "another key");
        let service = from.open(key.check()).unwrap();
        assert_refused(&from, &to, &key, "stop");
        drop(service);
        let change = from.open_alone(key.check()).unwrap();
        change
            .write(&mut |write| write.begin_change(&mac(99)).map(drop))
            .unwrap();
        drop(change);
        assert_refused(&from, &to, &key, "is being changed");
        assert_eq!(to.made_with().unwrap(), None, "nothing was made there");
    }
}

#[test]
fn a_database_with_content_is_not_written_to() {
    let place = Place::new();
    let key = keys();
    let from = place.file("first.db");
    filled(&from);
    for to in [place.file("second.db"), place.postgres()] {
        // Of another key.
        drop(to.open(mac(5)).unwrap());
        assert_refused(&from, &to, &key, "another key");
    }
    for to in [place.file("third.db"), place.postgres()] {
        quietly(&from, &to).unwrap();
        assert_refused(&from, &to, &key, "complete database of the same key");
        let service = to.open(key.check()).unwrap();
        assert_refused(&from, &to, &key, "complete database of the same key");
        drop(service);
    }
    for (to, later) in [(place.file("fourth.db"), 300), (place.postgres(), 400)] {
        let stop = |line: String| assert!(!line.ends_with("compared now"));
        let interrupt = || catch_unwind(AssertUnwindSafe(|| copy(&from, &to, &key, &stop)));
        interrupt().unwrap_err();
        let busy = to.open_alone(to.made_with().unwrap().unwrap().check).unwrap();
        assert_refused(&from, &to, &key, "stop");
        drop(busy);
        // An incomplete copy is nothing to copy.
        assert_refused(&to, &place.file("fifth.db"), &key, "incomplete copy");
        // The service ran again.
        let again = from.open_alone(key.check()).unwrap();
        let later = Reading {
            own: 200,
            system: later,
        };
        again.write(&mut |write| write.note_time(later)).unwrap();
        drop(again);
        assert_refused(&from, &to, &key, "incomplete copy");
    }
}

/// Needs root, to make another user's file.
#[test]
fn files_of_another_user_are_not_touched() {
    let place = Place::new();
    let (first, second) = (place.file("first.db"), place.file("second.db"));
    filled(&first);
    let (first, second) = (first.file().unwrap(), second.file().unwrap());
    private::check_owner(first).unwrap();
    private::check_owner(second).unwrap();
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(12_345), None);
    if give(first).is_err() {
        return;
    }
    assert!(private::check_owner(first).unwrap_err().contains("another user"));
    private::check_owner(second).unwrap();
    give(place.folder.path()).unwrap();
    assert!(private::check_owner(second).unwrap_err().contains("another user"));
    assert!(place.postgres().file().is_none(), "there is nothing to own");
}

#[test]
fn a_copy_that_differs_is_not_completed() {
    let place = Place::new();
    let from = place.file("first.db");
    filled(&from);
    for to in [place.file("second.db"), place.postgres()] {
        let stop = |line: String| assert!(!line.ends_with("compared now"));
        catch_unwind(AssertUnwindSafe(|| copy(&from, &to, &keys(), &stop))).unwrap_err();
        let check = to.made_with().unwrap().unwrap().check;
        let other = to.open_alone(check).unwrap();
        other
            .write(&mut |write| write.delete_suppression(&mac(72)).map(drop))
            .unwrap();
        drop(other);
        assert_refused(&from, &to, &keys(), "suppressions");
        assert_eq!(to.made_with().unwrap().unwrap().check, check);
    }
}

#[test]
fn rows_that_do_not_open_are_copied_and_counted() {
    let place = Place::new();
    let (from, to) = (place.file("first.db"), place.postgres());
    filled(&from);
    let damage = from.open_alone(keys().check()).unwrap();
    let damaged = |write: &dyn Write| {
        let mut pending = write.pending(&mac(70), &mac(1))?.unwrap();
        pending.sealed[30] ^= 1;
        write.put_pending(&pending)
    };
    damage.write(&mut |write| damaged(write)).unwrap();
    drop(damage);
    let same = quietly(&from, &to).unwrap();
    assert_eq!((same.closed, same.opened), (1, OPENED_FIRST + 5 * 5 - 1));
    assert_eq!(rows(&to), rows(&from));
}
