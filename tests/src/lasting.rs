//! What outlasts the test that starts it, for the next tests: programs that take long to start.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::runtime::{Builder, Runtime};

/// What the folders of all processes of tests are called, before the process's number.
const FOLDERS: &str = "itseme-tests-pool-";

/// Starts programs: the system ends each of them with the thread that started it, which a test's own thread would be too early for.
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

/// Starts something by `start`, to last as long as the process of the tests.
pub async fn started<T: Send + 'static>(start: impl Future<Output = T> + Send + 'static) -> T {
    KEEPER.spawn(start).await.expect("a program that starts")
}

/// Makes a folder for it.
pub fn folder() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = FOLDER.join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir_all(&folder).expect("a folder for what lasts");
    folder
}
