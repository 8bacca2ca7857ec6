//! Files that hold secrets: who else can read or change them.
//!
//! A file is private if no other ordinary user can get at it: by its mode, or by that of a folder on the way to it. Root can read
//! everything, so what belongs to root, or to a group with nobody else in it, is as good. That is how secrets are handed out by
//! systemd (`LoadCredential=`: 0400 or 0440, root's, in a closed folder) and by Kubernetes (`defaultMode: 0440`, root's, with the
//! group of `fsGroup`).

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Root's user and group.
const ROOT: u32 = 0;
/// The folder in which container engines mount secrets, by default readable by everybody: in the container, there is nobody else.
const OF_CONTAINERS: &str = "/run/secrets";

/// Permissions as bits of a mode for others; those for the group are three places to the left.
const ANYTHING: u32 = 0o7;
const ENTER: u32 = 0o1;
const WRITE: u32 = 0o2;

/// Refuses a file that other ordinary users can read or change.
///
/// # Errors
/// The fault and its remedy, or that the file cannot be inspected.
pub fn check_file(path: &Path) -> Result<(), String> {
    let found = fs::metadata(path).map_err(text)?;
    if !is_open(&found, ANYTHING) || is_of_container(path, &found) || !is_reachable(path).map_err(text)? {
        return Ok(());
    }
    let mode = found.mode() & 0o777;
    Err(format!(
        "others can read or change it (mode {mode:04o}); run chmod 600 on it"
    ))
}

/// Refuses a folder in which other ordinary users can put files.
///
/// # Errors
/// As [`check_file`].
pub fn check_folder(path: &Path) -> Result<(), String> {
    let found = fs::metadata(path).map_err(text)?;
    if !is_open(&found, WRITE) || !is_reachable(path).map_err(text)? {
        return Ok(());
    }
    let mode = found.mode() & 0o7777;
    Err(format!(
        "others can put files there (mode {mode:04o}); run chmod 700 on it"
    ))
}

/// Makes sure that the name of a file is on the disk as well.
///
/// # Errors
/// Of the system.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

/// Returns the folder of a file.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Refuses to make files that the service could not use: those of root, where the service runs as another user.
///
/// # Errors
/// The fault and its remedy.
pub fn check_owner(path: &Path) -> Result<(), String> {
    let this = rustix::process::geteuid();
    // Without being root, nobody makes a file there that belongs to somebody else.
    let owner = fs::metadata(path).or_else(|_| fs::metadata(folder_of(path)));
    let is_own = owner.map_or(true, |owner| !this.is_root() || owner.uid() == this.as_raw());
    match is_own {
        true => Ok(()),
        false => Err(format!(
            "{} belongs to another user: call this as that user, who runs the service (sudo -u USER itseme …)",
            path.display()
        )),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Returns `true` if the mode lets ordinary users other than its owner do that.
fn is_open(found: &Metadata, bits: u32) -> bool {
    found.mode() & bits != 0 || found.mode() & (bits << 3) != 0 && has_others(found)
}

/// Returns `true` if others can get through all folders on the way there.
fn is_reachable(path: &Path) -> io::Result<bool> {
    let path = path.canonicalize()?;
    let mut folders = path.ancestors().skip(1).map(fs::metadata);
    folders.try_fold(
        true,
        |is_reachable, folder| Ok(is_reachable && is_open(&folder?, ENTER)),
    )
}

fn is_of_container(path: &Path, found: &Metadata) -> bool {
    let mounted = || path.canonicalize().is_ok_and(|path| path.starts_with(OF_CONTAINERS));
    found.uid() == ROOT && found.mode() & (WRITE | WRITE << 3) == 0 && mounted()
}

/// Returns `true` if there is somebody in the file's group besides its owner, this user and root.
fn has_others(found: &Metadata) -> bool {
    let (users, groups) = (read("/etc/passwd"), read("/etc/group"));
    let own = [ROOT, found.uid(), rustix::process::geteuid().as_raw()];
    members(found.gid(), &users, &groups).any(|member| member.is_none_or(|uid| !own.contains(&uid)))
}

/// Returns an empty text if there is no such file: a container may have none.
#[allow(clippy::disallowed_methods, reason = "two small files, before anything is served")]
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Returns the user ids of a group's members (passwd(5), group(5)); `None` for an unknown member.
fn members<'a>(gid: u32, users: &'a str, groups: &'a str) -> impl Iterator<Item = Option<u32>> {
    let field = |line: &'a str, n: usize| line.split(':').nth(n).unwrap_or_default();
    let number = move |line: &'a str, n: usize| field(line, n).parse::<u32>().ok();
    let primary = users.lines().filter(move |user| number(user, 3) == Some(gid));
    let named = groups.lines().filter(move |group| number(group, 2) == Some(gid));
    let named = named.flat_map(move |group| field(group, 3).split(',')).map(str::trim);
    let id_of = move |name: &str| {
        let mut users = users.lines();
        users
            .find(|user| field(user, 0) == name)
            .and_then(|user| number(user, 2))
    };
    let named = named.filter(|name| !name.is_empty()).map(id_of);
    primary.map(move |user| number(user, 2)).chain(named)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const USERS: &str = "root:x:0:0::/root:/bin/sh\nitseme:x:999:999::/var/lib/itseme:/bin/false\n\
                         amy:x:1000:1000::/home/amy:/bin/sh\nbroken\n";
    const GROUPS: &str = "root:x:0:\nitseme:x:999:\nadm:x:4:amy,root\nusers:x:100:\nodd:x:5:nobody-knows\n";

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// A folder that others can enter, with a file.
    fn open() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), 0o755);
        let file = folder.path().join("secret");
        fs::write(&file, "secret").unwrap();
        (folder, file)
    }

    #[test]
    fn members_are_those_of_both_files() {
        let of = |gid| members(gid, USERS, GROUPS).collect::<Vec<_>>();
        assert_eq!(of(999), [Some(999)]);
        assert_eq!(of(1000), [Some(1000)]);
        assert_eq!(of(4), [Some(1000), Some(0)]);
        assert_eq!(of(100), []);
        assert_eq!(of(5), [None]);
    }

    #[test]
    fn a_file_is_private_by_its_mode() {
        let (_folder, file) = open();
        for mode in [0o600, 0o400, 0o700] {
            set(&file, mode);
            check_file(&file).unwrap();
        }
        for mode in [0o644, 0o604, 0o602, 0o444] {
            set(&file, mode);
            assert!(check_file(&file).unwrap_err().contains("chmod 600"), "{mode:o}");
        }
    }

    /// As systemd provides credentials: anybody may read the file, but not enter the folder.
    #[test]
    fn a_file_is_private_by_the_folder_it_is_in() {
        let (folder, file) = open();
        set(&file, 0o444);
        set(folder.path(), 0o700);
        check_file(&file).unwrap();
    }

    /// True for most users who run the tests: root, or a user with a group of their own; not where all are in one
    /// group.
    #[test]
    fn a_group_without_others_is_as_good() {
        let (_folder, file) = open();
        set(&file, 0o440);
        let has_others = has_others(&fs::metadata(&file).unwrap());
        assert_eq!(check_file(&file).is_err(), has_others);
    }

    #[test]
    fn secrets_of_containers_are_for_whoever_is_there() {
        let (_folder, file) = open();
        let found = fs::metadata(&file).unwrap();
        assert!(!is_of_container(&file, &found));
    }

    #[test]
    fn a_folder_is_private_if_others_cannot_put_files_there() {
        let (folder, _) = open();
        check_folder(folder.path()).unwrap();
        set(folder.path(), 0o1777);
        assert!(check_folder(folder.path()).unwrap_err().contains("chmod 700"));
        set(folder.path(), 0o700);
        check_folder(folder.path()).unwrap();
    }

    #[test]
    fn what_is_not_there_is_told() {
        assert!(check_file(Path::new("/nonexistent/secret")).is_err());
    }
}
