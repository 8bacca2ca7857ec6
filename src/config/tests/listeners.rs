//! What the service listens at, and what needs a restart.

use super::*;

#[test]
fn a_monitor_is_for_this_machine_unless_the_admin_wants_it_otherwise() {
    let listens = |address: &str, more: &str| format!("[monitor]\nlisten = \"{address}\"\n{more}");
    for own in ["127.0.0.1:9114", "[::1]:9114"] {
        load(&format!("{LEAST}{}", listens(own, ""))).unwrap();
    }
    for other in ["0.0.0.0:9114", "192.0.2.1:9114", "[::]:9114"] {
        let complaint = complaint(&listens(other, ""));
        assert!(
            complaint.contains("monitor.listen") && complaint.contains("monitor.allow_remote"),
            "{complaint}"
        );
        load(&format!("{LEAST}{}", listens(other, "allow_remote = true"))).unwrap();
    }
}

#[test]
fn there_may_be_no_socket() {
    let config = load(&format!("{LEAST}[admin]\nsocket = \"none\"\n")).unwrap();
    assert_eq!(config.admin.socket(), None);
}

#[test]
fn what_has_changed_and_needs_a_restart_is_named_also_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "one").unwrap();
    let component = LEAST.replace("secret = ", &format!("secret_file = {file:?} # "));
    let running = load(&component).unwrap();
    let fixed = Fixed::of(&running);
    assert_eq!(fixed.differences(&running), [""; 0]);
    std::fs::write(&file, "two").unwrap();
    assert_eq!(fixed.differences(&load(&component).unwrap()), ["component.secret"]);
    std::fs::write(&file, "one").unwrap();
    let other = format!(
        "{component}\n[http]\nlisten = \"127.0.0.1:1\"\nrequire_token = true\n[limits]\ncodes_per_day = 9\n[store]\nkey_file = \"x\""
    );
    let other = load(&other).unwrap();
    let named = fixed.differences(&other);
    assert!(
        named.contains(&"http.listen") && named.contains(&"store.key_file"),
        "{named:?}"
    );
    assert!(
        !named.iter().any(|key| key.contains("codes") || key.contains("token")),
        "{named:?}"
    );
    let mixed = other.as_in(&running);
    assert_eq!(mixed.limits.codes_per_day, 9);
    assert!(mixed.http.is_none() && mixed.store.key_file == running.store.key_file);
}

#[test]
fn two_things_at_one_place_are_a_mistake() {
    let listeners = "[monitor]\nlisten = \"127.0.0.1:1\"\n[http]\nlisten = \"127.0.0.1:1\"\n";
    assert!(complaint(listeners).contains("monitor.listen"));
    let files = "[store]\nurl = \"sqlite:a/b\"\nkey_file = \"a/b\"\n";
    assert!(complaint(files).contains("store.key_file"));
}
