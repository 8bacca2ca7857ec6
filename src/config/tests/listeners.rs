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
fn people_are_told_of_the_mailbox_that_is_there_until_a_restart() {
    let email = "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n";
    let mailbox = |address: &str| {
        format!("{email}[providers.email.inbound]\naddress = \"{address}\"\nlisten = \"127.0.0.1:8024\"\n")
    };
    let [none, some, other] = [
        email.to_owned(),
        mailbox("verify@example.org"),
        mailbox("prove@example.org"),
    ]
    .map(|sections| load(&format!("{LEAST}{sections}")).unwrap());
    let without_email = load(LEAST).unwrap();
    let told = |config: &Config| {
        config
            .settings()
            .inboxes
            .get("email")
            .map(|inbox| inbox.address.clone())
    };
    let own = Some("verify@example.org".to_owned());
    assert_eq!((told(&none), told(&some)), (None, own.clone()));
    for (running, new, expected) in [
        (&none, &some, None),
        (&without_email, &some, None),
        (&some, &other, own.clone()),
        (&some, &none, own.clone()),
        (&some, &without_email, None),
    ] {
        let mixed = new.as_in(running);
        assert_eq!(told(&mixed), expected);
        assert_eq!(Fixed::of(running).differences(new), ["providers.email.inbound"]);
        // It is still there when a reload takes the change back.
        assert_eq!(told(&running.as_in(&mixed)), told(running));
        assert_eq!(Fixed::of(running).differences(&running.as_in(&mixed)), [""; 0]);
    }
}

#[test]
fn two_things_at_one_place_are_a_mistake() {
    let listeners = "[monitor]\nlisten = \"127.0.0.1:1\"\n[http]\nlisten = \"127.0.0.1:1\"\n";
    assert!(complaint(listeners).contains("monitor.listen"));
    let files = "[store]\nurl = \"sqlite:a/b\"\nkey_file = \"a/b\"\n";
    assert!(complaint(files).contains("store.key_file"));
}
