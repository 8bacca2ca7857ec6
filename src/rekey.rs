//! `itseme rekey`: a new key for the database, whether the service runs or not.
//!
//! The new key waits in a file beside the key file; that is the request. A service that runs finds it and does the work, else
//! the command does it. When all of the database is under the new key, its file takes the place of the old one's. The database tells
//! which of the two it belongs to, or if it is both, so nothing is lost whatever dies in between.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Config, StoreConfig};
use crate::keyfile;
use crate::model::{Keyring, Keys, Mac};
use crate::service::{Renewed, Service, SignIns};
use crate::store::{Database, MadeWith};
use crate::telemetry::tell;

/// The pause between two looks of the service for a new key, and of the command for progress.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause after a failure.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Finishes what a service that died had begun: the key file is that of the database. Returns the keys that the database is
/// yet to be put under, if it is.
///
/// # Errors
/// In words an admin can act on.
pub fn recover(store: &StoreConfig) -> Result<Option<Keys>, String> {
    let Some(next) = keyfile::load_next(store)? else {
        return Ok(None);
    };
    let (next, database) = (Keys::new(&next), store.database().map_err(text)?);
    let is_under = |made: &MadeWith| [next.check(), next.unbound().check()].contains(&made.check);
    match database.made_with().map_err(text)? {
        Some(made) if made.former.is_none() && is_under(&made) => keyfile::adopt_next(store).map(|()| None),
        _ => Ok(Some(next)),
    }
}

/// Returns the keys that the database is under, of the configured one, which is made if there is none, and the next one. To be called
/// when [`recover`] was.
///
/// # Errors
/// In words an admin can act on.
pub fn keyring(store: &StoreConfig) -> Result<Keyring, String> {
    let keys = Keys::new(&keyfile::load_or_make(store)?);
    let next = keyfile::load_next(store)?.map(|next| Keys::new(&next));
    keyring_of(&store.database().map_err(text)?, &keys, next.as_ref())
}

/// Returns the keys that the database is under, as [`keyring`] does.
///
/// # Errors
/// In words an admin can act on, also if it is under a key that is not configured.
pub fn present_keyring(store: &StoreConfig) -> Result<Keyring, String> {
    let (keys, database) = (keyring(store)?, store.database().map_err(text)?);
    let made = database.made_with().map_err(text)?;
    match made.is_none_or(|made| made.check == keys.current.check()) {
        true => Ok(keys),
        false => Err("it is not here: copy the key file of that one to store.key_file".into()),
    }
}

/// Returns the keys that a database is under: unbound if it is of before boxes were bound to their rows. A new database,
/// and one of another key, which nobody can open, is under `keys`.
///
/// # Errors
/// In words an admin can act on, if the key is being changed and one of the two is missing.
pub fn keyring_of(database: &Database, keys: &Keys, next: Option<&Keys>) -> Result<Keyring, String> {
    let made = database
        .made_with()
        .map_err(|error| format!("store.url {database}: {error}"))?;
    let Some(made) = made else {
        return Ok(keys.clone().into());
    };
    let known = || {
        next.into_iter()
            .chain([keys])
            .flat_map(|keys| [keys.clone(), keys.unbound()])
    };
    let find = |check: Mac, number| {
        let found = known().find(|keys| keys.check() == check);
        found.map(|keys| keys.numbered(number))
    };
    let Some(former) = made.former else {
        return Ok(find(made.check, made.number).unwrap_or_else(|| keys.clone()).into());
    };
    let both = find(made.check, made.number).zip(find(former, made.number.saturating_sub(1)));
    let (current, former) = both.ok_or_else(|| {
        "the key of the database is being changed, and one of the two keys is missing: put back store.key_file and the file \
         beside it whose name ends in .next"
            .to_owned()
    })?;
    Ok(Keyring {
        current,
        former: Some(former),
    })
}

/// Changes the key whenever a new one is there, until `stop`. Of several instances, the one that leads does; the others see to it
/// that they have the new key.
pub async fn watch(service: Service, store: StoreConfig, leads: watch::Receiver<bool>, stop: CancellationToken) {
    let mut pause = LOOK_EVERY;
    let (mut has_caught_up, mut has_told) = (false, false);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = LOOK_EVERY;
        let work = async {
            if !*leads.borrow() {
                let has_next = stand_by(&service, &store)?;
                if has_next && !has_told {
                    tracing::warn!(
                        "there is a new key here: the instance that leads changes the key when it has the new one, too"
                    );
                }
                has_told = has_next;
                return Ok(None);
            }
            if !has_caught_up {
                catch_up(&service).await;
                has_caught_up = true;
            }
            rekey(&service, &store).await
        };
        let Some(rekeyed) = stop.run_until_cancelled(work).await else {
            return;
        };
        match rekeyed {
            Ok(Some(Renewed { kept, lost })) => {
                tracing::info!(
                    rows_kept = kept,
                    rows_lost = lost,
                    "the key was changed: back up the new one, apart from the database"
                );
            }
            Ok(None) => {}
            Err(reason) => {
                tracing::error!(
                    reason,
                    "the key cannot be changed; nothing is lost, and it is tried again"
                );
                pause = TRY_AGAIN;
            }
        }
    }
}

/// Shows the leader that this instance has the next key, and adopts it when the database is under it. Returns `true` if there
/// is one.
fn stand_by(service: &Service, store: &StoreConfig) -> Result<bool, String> {
    let next = recover(store)?;
    // A key that does not stand in a file cannot be exchanged.
    let next = next.filter(|_| store.key().is_none());
    let has_next = next.is_some();
    service.store().declare_next_key(next.map(|next| next.check()));
    Ok(has_next)
}

/// Goes on with a change that was begun, and binds the boxes of a database of before to their rows; that it fails is said by the
/// database, and it is tried again.
async fn catch_up(service: &Service) {
    loop {
        match service.catch_up().await {
            Ok(None) => return,
            Ok(Some(Renewed { kept, lost })) => {
                return tracing::info!(
                    rows_kept = kept,
                    rows_lost = lost,
                    "all rows are under one key: nobody without it can change the owner of a row"
                );
            }
            Err(_) => tokio::time::sleep(TRY_AGAIN).await,
        }
    }
}

/// Changes the key if a new one is there.
async fn rekey(service: &Service, store: &StoreConfig) -> Result<Option<Renewed>, String> {
    let Some(next) = recover(store)? else {
        return Ok(None);
    };
    service.store().declare_next_key(Some(next.check()));
    let without = service.store().instances_without(next.check()).await.map_err(text)?;
    if !without.is_empty() {
        return Err(format!(
            "these instances do not have the new key yet: {}. Copy {} to the same place there",
            without.join(", "),
            keyfile::next_file(store).display()
        ));
    }
    let renewed = service.rekey(next).await;
    let renewed = renewed.map_err(|_| "the database failed, see above")?;
    // The command may have done so already, and another key may be the next one by now.
    recover(store)?;
    Ok(Some(renewed))
}

/// The command: makes a new key and sees to it that the database is put under it.
///
/// # Errors
/// In words an admin can act on. It can be called again then, and goes on where it was.
pub async fn run(config: &Config) -> Result<(), String> {
    let store = &config.store;
    let database = store.database().map_err(text)?;
    if !database.exists().map_err(text)? {
        return Err(format!(
            "there is no database yet at {database}, and so nothing to rekey"
        ));
    }
    if !database.is_in_use().map_err(text)? {
        recover(store)?;
    }
    let next = Keys::new(&keyfile::make_next(store)?);
    if database.is_in_use().map_err(text)? {
        tell("the service runs, and puts its database under a new key; its log says what becomes of it");
    } else {
        tell("the service does not run: its database is put under a new key from here");
    }
    let told = tokio::spawn(tell_progress(database.clone()));
    // A service may start or stop meanwhile.
    while keyfile::next_file(store).exists() {
        if database.is_in_use().map_err(text)? {
            tokio::time::sleep(LOOK_EVERY).await;
        } else {
            here(config).await?;
        }
    }
    told.abort();
    database.check(Some(next.check())).map_err(text)?;
    tell(format_args!(
        "done: {} holds the new key. Back it up, apart from the database. Copies of the database that were made before need \
         the old key; destroy them, and it, as soon as you can.",
        store.key_file.display()
    ));
    Ok(())
}

/// Does it in this process.
async fn here(config: &Config) -> Result<(), String> {
    let database = config.store.database().map_err(text)?;
    let keys = keyring(&config.store)?;
    let store = database
        .open(keys.current.check())
        .map_err(|error| format!("{database}: {error}"))?;
    let service = Service::new(store, keys, Clock::system(), config.settings(), SignIns::new());
    rekey(&service, &config.store).await.map(drop)
}

/// Says how far it is whenever another hundredth is done.
async fn tell_progress(database: Database) {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Ok(Some((done, all))) = database.rekeyed()
            && done * 100 / all.max(1) > told
        {
            told = done * 100 / all.max(1);
            tell(format_args!("{done} of {all} links"));
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
