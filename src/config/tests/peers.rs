//! The peers of the configuration.

use super::*;

const PEER: &str = "[[peers]]\njid = \"itseme.example.net\"\n";

fn peers(text: &str) -> Vec<Peer> {
    load(&format!("{LEAST}{text}")).unwrap().settings().peers
}

#[test]
fn a_peer_vouches_for_the_domain_above_its_own_unless_others_are_named() {
    assert_eq!(peers(""), []);
    let [usual] = &peers(PEER)[..] else { panic!("one peer") };
    assert_eq!(usual.jid.as_str(), "itseme.example.net");
    assert_eq!(usual.vouches_for, ["example.net".to_owned()].into());
    assert_eq!(usual.hashes_per_day, PeerSection::default_hashes());
    let own = format!("{PEER}vouches_for = [\"A.example\", \"b.example\"]\nhashes_per_day = 7\n");
    let [other] = &peers(&own)[..] else { panic!("one peer") };
    assert_eq!(other.vouches_for, ["a.example", "b.example"].map(str::to_owned).into());
    assert_eq!(other.hashes_per_day, 7);
}

#[test]
fn a_peer_that_is_not_enabled_is_none_but_its_section_is_checked() {
    assert_eq!(peers(&format!("{PEER}enabled = false\n")), []);
    assert!(complaint(&format!("{PEER}enabled = false\n{PEER}")).contains("stands twice"));
}

fn assert_told(wrong: &str, told: &str) {
    let complaint = match wrong.starts_with("peers") {
        true => load(&format!("{wrong}{LEAST}")).err().unwrap(),
        false => complaint(wrong),
    };
    assert!(complaint.contains(told), "{wrong}: {complaint}");
}

#[test]
fn what_cannot_be_is_told() {
    for (wrong, told) in [
        ("[[peers]]\n", "peers, entry 1, jid: is missing"),
        (
            "[[peers]]\njid = \"amy@example.net\"\n",
            "peers, entry 1, jid: expected a domain",
        ),
        (&format!("{PEER}[[peers]]\njid = 5\n"), "peers, entry 2, jid: expected"),
        (
            &format!("{PEER}[[peers]]\njid = \"x.invalid\"\nvouches = 1\n"),
            "peers, entry 2, vouches: unknown key",
        ),
        (
            &format!("{PEER}vouches_for = [\"a.example\", \"@\"]\n"),
            "peers, entry 1, vouches_for, entry 2: expected a domain",
        ),
        (
            &format!("{PEER}hashes_per_day = 0\n"),
            "peers.hashes_per_day: must be at least 1",
        ),
        (&format!("{PEER}{PEER}"), "itseme.example.net stands twice"),
        ("peers = 5\n", "peers: expected a list"),
    ] {
        assert_told(wrong, told);
    }
}

#[test]
fn domains_that_nobody_can_vouch_for_are_told() {
    for (wrong, told) in [
        (
            &*format!("{PEER}vouches_for = []\n"),
            "peers.vouches_for: set it for itseme.example.net",
        ),
        (
            "[[peers]]\njid = \"localhost\"\n",
            "peers.vouches_for: set it for localhost",
        ),
        (
            "[[peers]]\njid = \"example.net\"\n",
            "peers.vouches_for: set it for example.net",
        ),
        (
            "[[peers]]\njid = \"friend.duckdns.org\"\n",
            "peers.vouches_for: set it for friend.duckdns.org",
        ),
        (
            &format!("{PEER}vouches_for = [\"co.uk\"]\n"),
            "peers.vouches_for: co.uk is no domain of one server",
        ),
        (
            &format!("{PEER}vouches_for = [\"bücher.example\", \"xn--bcher-kva.example\"]\n"),
            "two peers have",
        ),
        (
            &format!("{PEER}[[peers]]\njid = \"other.example.net\"\n"),
            "two peers have example.net",
        ),
        (
            &format!("{PEER}vouches_for = [\"example.org\"]\n"),
            "example.org is a domain of your own server",
        ),
        (
            "[[peers]]\njid = \"itseme.example.org\"\nvouches_for = [\"x.invalid\"]\n",
            "is this service itself",
        ),
    ] {
        assert_told(wrong, told);
    }
}

#[test]
fn the_domain_above_the_component_belongs_to_no_peer() {
    let none_own = format!("{LEAST}[access]\nown_server = []\n{PEER}vouches_for = [\"example.org\"]\n");
    let complaint = load(&none_own).err().unwrap();
    assert!(
        complaint.contains("example.org is a domain of your own server"),
        "{complaint}"
    );
}

#[test]
fn entries_are_counted_as_they_are_written() {
    let several = "[[peers]]\n[[peers]]\njid = \"@\"\n[[peers]]\n[[peers]]\njid = \"x.invalid\"\nenabled = 1\n";
    let complaint = complaint(several);
    for told in [
        "peers, entry 1, jid: is missing",
        "peers, entry 2, jid: expected",
        "peers, entry 3, jid: is missing",
        "peers, entry 4, enabled: expected true or false",
    ] {
        assert!(complaint.contains(told), "{told}: {complaint}");
    }
}
