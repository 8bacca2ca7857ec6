//! `itseme rekey`: a new key for the database, whether the service runs or not.
//!
//! The new key waits in a file beside the key file; that is the request. A service that runs finds it and does the work, else
//! the command does it. When the database is under the new key, its file takes the place of the old one's. The database tells
//! which of the two it belongs to, so nothing is lost whatever dies in between.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Config, StoreConfig};
use crate::keyfile;
use crate::model::Keys;
use crate::service::{Service, SignIns};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, Switched};

/// The pause between two looks of the service for a new key, and of the command for progress.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause after a failure.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Finishes what a service that died had begun: the key file is that of the database. Gives the keys that the database is
/// yet to be put under, if it is.
///
/// # Errors
/// In words an admin can act on.
pub fn recover(store: &StoreConfig) -> Result<Option<Keys>, String> {
    let Some(next) = keyfile::load_next(store)? else {
        return Ok(None);
    };
    let (next, path) = (Keys::new(&next), store.path().map_err(|error| error.to_string())?);
    let is_adopted = |keys: &Keys| SqliteStore::check(path, keys.check()).is_ok();
    if is_adopted(&next) || is_adopted(&next.unbound()) {
        return keyfile::adopt_next(store).map(|()| None);
    }
    Ok(Some(next))
}

/// The keys for the database at `path`: unbound if it is of before boxes were bound to their rows.
pub fn keys_for(path: &Path, keys: Keys) -> Keys {
    let unbound = keys.unbound();
    match SqliteStore::check(path, unbound.check()) {
        Ok(()) => unbound,
        Err(_) => keys,
    }
}

/// Changes the key whenever a new one is there, until `stop`.
pub async fn watch(service: Service, store: StoreConfig, stop: CancellationToken) {
    let _ = stop.run_until_cancelled(wipe_former(&service)).await;
    let _ = stop.run_until_cancelled(bind(&service)).await;
    let mut pause = LOOK_EVERY;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = LOOK_EVERY;
        let Some(rekeyed) = stop.run_until_cancelled(rekey(&service, &store)).await else {
            return;
        };
        match rekeyed {
            Ok(Some(Switched { kept, lost })) => {
                tracing::info!(
                    other_rows_kept = kept,
                    other_rows_lost = lost,
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

/// Wipes links under another key, or of an earlier version; that it fails is said by the database, and it is tried again.
async fn wipe_former(service: &Service) {
    while service.wipe_former().await.is_err() {
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// Binds the boxes of a database of before to their rows; that it fails is said by the database, and it is tried again.
async fn bind(service: &Service) {
    loop {
        match service.bind().await {
            Ok(None) => return,
            Ok(Some(Switched { kept, lost })) => {
                tracing::info!(
                    other_rows_kept = kept,
                    other_rows_lost = lost,
                    "the database is up to date: nobody without the key can change the owner of a row"
                );
                return wipe_former(service).await;
            }
            Err(_) => tokio::time::sleep(TRY_AGAIN).await,
        }
    }
}

/// Changes the key if a new one is there.
async fn rekey(service: &Service, store: &StoreConfig) -> Result<Option<Switched>, String> {
    let Some(next) = recover(store)? else {
        return Ok(None);
    };
    let switched = service.rekey(next).await;
    let switched = switched.map_err(|_| "the database failed, see above")?;
    // First: who waits for the key file relies on it.
    wipe_former(service).await;
    keyfile::adopt_next(store)?;
    Ok(Some(switched))
}

/// The command: makes a new key and sees to it that the database is put under it.
///
/// # Errors
/// In words an admin can act on. It can be called again then, and goes on where it was.
pub async fn run(config: &Config) -> Result<(), String> {
    let store = &config.store;
    let path = store.path().map_err(|error| error.to_string())?;
    if !path.exists() {
        return Err(format!(
            "there is no database yet at {}, and so nothing to rekey",
            path.display()
        ));
    }
    recover(store)?;
    let next = Keys::new(&keyfile::make_next(store)?);
    if SqliteStore::is_in_use(path) {
        println!("the service runs, and puts its database under a new key; its log says what becomes of it");
    } else {
        println!("the service does not run: its database is put under a new key from here");
    }
    let told = tokio::spawn(tell_progress(path.to_owned()));
    // A service may start or stop meanwhile.
    while keyfile::next_file(store).exists() {
        if SqliteStore::is_in_use(path) {
            tokio::time::sleep(LOOK_EVERY).await;
        } else {
            here(config).await?;
        }
    }
    told.abort();
    SqliteStore::check(path, next.check()).map_err(|error| error.to_string())?;
    println!(
        "done: {} holds the new key. Back it up, apart from the database. Copies of the database that were made before need \
         the old key; destroy them, and it, as soon as you can.",
        store.key_file.display()
    );
    Ok(())
}

/// Does it in this process.
async fn here(config: &Config) -> Result<(), String> {
    let key = keyfile::load(&config.store)?.ok_or("store.key_file is missing: put it back from its backup")?;
    let path = config.store.path().map_err(|error| error.to_string())?;
    let keys = keys_for(path, Keys::new(&key));
    let opened = SqliteStore::open(path, keys.check()).map_err(|error| format!("{}: {error}", path.display()))?;
    let service = Service::new(
        Store::new(opened),
        keys,
        Clock::system(),
        config.settings(),
        SignIns::new(),
    );
    rekey(&service, &config.store).await.map(drop)
}

/// Says how far it is whenever another hundredth is done.
async fn tell_progress(database: PathBuf) {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Ok(Some((done, all))) = SqliteStore::rekeyed(&database)
            && done * 100 / all.max(1) > told
        {
            told = done * 100 / all.max(1);
            println!("{done} of {all} links");
        }
    }
}
