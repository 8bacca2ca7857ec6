//! Servers that tests hand on to each other, because they take long to start. A server is of one test at a time; the next one
//! finds it as the first did: without accounts but those that it asks for. One that a test has stopped, frozen or looked at closely is
//! not handed on, nor is that of a test that failed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::runtime::{Builder, Runtime};

use super::{Server, Site};

/// What the folders of all pools are called, before the number of the process of their tests.
const FOLDERS: &str = "itseme-tests-pool-";

/// Those that no test has just now.
static IDLE: Mutex<Vec<Server>> = Mutex::new(Vec::new());

/// Starts them: the system ends each of them with the thread that started it, which a test's own thread would be too early for.
static KEEPER: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread that lasts")
});

/// Where all of them are. Nothing can be done at the end of a process of tests, so the next one removes what was left.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folders = fs::read_dir(env::temp_dir()).expect("the folder for what is temporary").flatten();
    for folder in folders {
        let name = folder.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(FOLDERS));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // The process of other tests may do the same now.
            let _ = fs::remove_dir_all(folder.path());
        }
    }
    env::temp_dir().join(format!("{FOLDERS}{}", process::id()))
});

/// A running server of that kind, which nobody uses and which has no accounts.
pub async fn take(name: &str, host: &str, component: &str) -> Server {
    let fits = |server: &Server| {
        server.definition.name() == name && server.site.host == host && server.site.component == component
    };
    let idle = {
        let mut idle = IDLE.lock().unwrap();
        let found = idle.iter().position(fits);
        found.map(|found| idle.swap_remove(found))
    };
    if let Some(server) = idle {
        server.delete_accounts();
        return server;
    }
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = FOLDER.join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir_all(&folder).expect("a folder for the server");
    let mut server = Server::named(name, Site::new(&folder, host, component));
    let started = KEEPER.spawn(async move {
        server.start().await;
        server
    });
    let mut server = started.await.expect("a server that starts");
    server.is_handed_on = true;
    server
}

/// Keeps it for the next test.
pub fn give(server: Server) {
    IDLE.lock().unwrap().push(server);
}
