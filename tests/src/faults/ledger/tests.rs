//! The ledger finds what is wrong.

use super::*;

fn key() -> Key {
    ("asker00@localhost".into(), vec!["a@example.org".into()])
}

fn broken(ledger: &Ledger) -> String {
    ledger.judge(&[], &[]).broken.join("\n")
}

#[test]
fn what_was_promised_must_come_once_or_twice() {
    let ledger = Ledger::default();
    ledger.contact(&key(), &["asked01@localhost"], Answer::Done);
    assert!(broken(&ledger).contains("was never asked"));
    let killed = (SystemTime::now() + Duration::from_secs(7), "KillServer".to_owned());
    let told = ledger.judge(&[], &[killed]).broken.join("\n");
    assert!(told.contains("7.0 s before KillServer"), "{told}");
    ledger.introduced("asked01@localhost", key(), "1");
    assert_eq!(broken(&ledger), "");
    ledger.introduced("asked01@localhost", key(), "1");
    assert_eq!((broken(&ledger).as_str(), ledger.judge(&[], &[]).twice), ("", (1, 0)));
    ledger.introduced("asked01@localhost", key(), "1");
    assert!(broken(&ledger).contains("asked 3 times"));
}

#[test]
fn more_than_twice_takes_as_many_connections() {
    let ledger = Ledger::default();
    ledger.contact(&key(), &["asked01@localhost"], Answer::Done);
    let first = SystemTime::now();
    ledger.introduced("asked01@localhost", key(), "1");
    ledger.introduced("asked01@localhost", key(), "1");
    ledger.introduced("asked01@localhost", key(), "1");
    assert!(!ledger.judge(&[first], &[]).broken.is_empty());
    assert!(ledger.judge(&[first, first], &[]).broken.is_empty());
}

#[test]
fn one_request_is_one_message() {
    let ledger = Ledger::default();
    ledger.contact(&key(), &["asked01@localhost"], Answer::Unknown);
    ledger.introduced("asked01@localhost", key(), "1");
    ledger.introduced("asked01@localhost", key(), "2");
    assert!(broken(&ledger).contains("asked 2 times"));
}

#[test]
fn what_was_refused_or_never_asked_must_not_come() {
    let ledger = Ledger::default();
    ledger.contact(&key(), &["asked01@localhost"], Answer::Refused("internal_server_error".into()));
    assert_eq!(broken(&ledger), "");
    ledger.introduced("asked01@localhost", key(), "1");
    assert!(broken(&ledger).contains("who was told internal_server_error"));
    ledger.introduced("asked02@localhost", key(), "2");
    assert!(broken(&ledger).contains("never wanted that"));
}

#[test]
fn codes_must_not_come_late() {
    let ledger = Ledger::default();
    let long_ago = Instant::now() - SMS_LIVES - 2 * ON_ITS_WAY;
    let asked = |request| Asked { from: long_ago, to: long_ago, answer: Answer::Done, request };
    ledger.books().codes_asked.insert("+447700900300".into(), vec![asked(Request::Register)]);
    assert_eq!(broken(&ledger), "");
    ledger.arrived("+447700900300", "1234");
    assert!(broken(&ledger).contains("a code came"));
}

#[test]
fn a_code_that_was_replaced_must_not_come_after_the_other() {
    let ledger = Ledger::default();
    let before = Instant::now() - 2 * ON_ITS_WAY;
    let asked = Asked { from: before, to: before, answer: Answer::Done, request: Request::Register };
    ledger.books().codes_asked.insert("+447700900300".into(), vec![asked]);
    ledger.arrived("+447700900300", "1234");
    ledger.arrived("+447700900300", "1234");
    assert_eq!(broken(&ledger), "");
    ledger.arrived("+447700900300", "5678");
    assert!(broken(&ledger).contains("2 codes came"));
}
