//! The reports of an SMSC on the messages that it took (SMPP 3.4, 2.11 and appendix B).

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::TlvValue;
use rusmpp::values::{MessageState, MessageType};
use tokio::sync::mpsc;

use crate::channel::Fate;

/// The number of messages on which reports are understood, the last ones.
const EXPECTED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// The number of reports that wait for their messages, the last ones.
const EARLY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99);

/// Reports, and the messages that they concern.
pub struct Receipts {
    ids: Mutex<MessageIds>,
    told: mpsc::Sender<(String, Fate)>,
}

/// The ids that the SMSC gave messages: in memory only.
struct MessageIds {
    /// The words of messages without a report.
    words: LruCache<String, String>,
    /// The reports on unknown messages. One may come before the answer that tells the id.
    early: LruCache<String, Fate>,
}

impl Receipts {
    /// Tells what the reports mean to `told`.
    pub fn new(told: mpsc::Sender<(String, Fate)>) -> Self {
        let ids = MessageIds {
            words: LruCache::new(EXPECTED),
            early: LruCache::new(EARLY),
        };
        Self {
            ids: Mutex::new(ids),
            told,
        }
    }

    /// Notes that the SMSC took a message under that id.
    pub fn expect(&self, id: &str, word: String) {
        if id.is_empty() {
            return;
        }
        let (id, mut ids) = (written(id), self.ids());
        match ids.early.pop(&id) {
            // It was answered, so there is nothing to do if nobody reads them.
            Some(fate) => _ = self.told.try_send((word, fate)),
            None => _ = ids.words.put(id, word),
        }
    }

    /// Reads a message of the SMSC, which may be a report. Returns `false` if that has to come again, because nobody has read the others.
    pub fn take(&self, message: &DeliverSm) -> bool {
        let is_report = message.esm_class.message_type == MessageType::ShortMessageContainsMCDeliveryReceipt;
        let Some(Receipt { id, state }) = Receipt::of(message).filter(|_| is_report) else {
            return true;
        };
        let Some(fate) = fate(state) else { return true };
        let Ok(place) = self.told.try_reserve() else {
            return false;
        };
        let (forms, mut ids) = (forms(&id), self.ids());
        match forms.iter().find_map(|form| ids.words.pop(form)) {
            Some(word) => place.send((word, fate)),
            None => forms.into_iter().for_each(|form| _ = ids.early.put(form, fate)),
        }
        true
    }

    fn ids(&self) -> MutexGuard<'_, MessageIds> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns an id as it is compared: some SMSCs write it with other letters, or more zeros, in the report.
fn written(id: &str) -> String {
    id.trim_start_matches('0').to_ascii_lowercase()
}

/// Returns the forms that the id of a report may have had in the answer: some SMSCs write a hexadecimal number there, and a decimal one in
/// the report. One without a letter may as well be the decimal id of another message.
fn forms(id: &str) -> Vec<String> {
    let hexadecimal = id.parse::<u64>().ok().map(|number| format!("{number:x}"));
    let surely = hexadecimal.filter(|id| id.bytes().any(|digit| digit.is_ascii_alphabetic()));
    std::iter::once(written(id)).chain(surely).collect()
}

/// What a report says.
struct Receipt {
    id: String,
    state: MessageState,
}

impl Receipt {
    /// Reads the parameters of a report, and where there are none its text: `id:… stat:UNDELIV …`.
    fn of(message: &DeliverSm) -> Option<Self> {
        // It may repeat the beginning of the message, in any alphabet.
        let text = String::from_utf8_lossy(message.short_message().as_ref());
        let (mut id, mut state) = (
            field(&text, "id:").map(str::to_owned),
            field(&text, "stat:").and_then(stat),
        );
        for parameter in message.tlvs() {
            match parameter.value() {
                Some(TlvValue::ReceiptedMessageId(value)) => id = Some(value.as_str().to_owned()),
                Some(TlvValue::MessageState(value)) => state = Some(*value),
                _ => {}
            }
        }
        Some(Self { id: id?, state: state? })
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_ascii_whitespace().find_map(|word| word.strip_prefix(name))
}

/// Returns the state that a word means (SMPP 3.4, appendix B).
fn stat(word: &str) -> Option<MessageState> {
    Some(match word {
        "DELIVRD" => MessageState::Delivered,
        "EXPIRED" => MessageState::Expired,
        "DELETED" => MessageState::Deleted,
        "UNDELIV" => MessageState::Undeliverable,
        "REJECTD" => MessageState::Rejected,
        _ => return None,
    })
}

/// Returns the meaning of a state; `None` if it is not the last.
fn fate(state: MessageState) -> Option<Fate> {
    match state {
        MessageState::Delivered => Some(Fate::Open),
        MessageState::Expired | MessageState::Deleted | MessageState::Undeliverable | MessageState::Rejected => {
            Some(Fate::Failed)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::str::FromStr;

    use rusmpp::tlvs::MessageDeliveryRequestTlvValue;
    use rusmpp::types::{COctetString, OctetString};
    use rusmpp::values::EsmClass;

    use super::*;

    /// Returns the meanings of reports on the message that the SMSC took as `id`.
    fn told(id: &str, reports: &[DeliverSm]) -> Vec<Fate> {
        let (sender, mut told) = mpsc::channel(10);
        let receipts = Receipts::new(sender);
        receipts.expect(id, "word".into());
        assert!(reports.iter().all(|report| receipts.take(report)));
        std::iter::from_fn(|| told.try_recv().ok())
            .map(|(word, fate)| (word == "word").then_some(fate).unwrap())
            .collect()
    }

    fn report(class: u8, text: &str) -> DeliverSm {
        DeliverSm::builder()
            .esm_class(EsmClass::from(class))
            .short_message(OctetString::from_str(text).unwrap())
            .build()
    }

    #[test]
    fn the_text_of_a_report_is_read() {
        let text = |id: &str, stat: &str| {
            format!(
                "id:{id} sub:001 dlvrd:000 submit date:2611300601 done date:2611300602 stat:{stat} err:027 text:It-se, y"
            )
        };
        for (stat, fates) in [
            ("DELIVRD", &[Fate::Open][..]),
            ("UNDELIV", &[Fate::Failed]),
            ("EXPIRED", &[Fate::Failed]),
            ("DELETED", &[Fate::Failed]),
            ("REJECTD", &[Fate::Failed]),
            ("ENROUTE", &[]),
            ("ACCEPTD", &[]),
            ("UNKNOWN", &[]),
        ] {
            assert_eq!(told("a1", &[report(4, &text("a1", stat))]), fates, "{stat}");
        }
        // Its id may be written otherwise; one that is known once has had its report.
        for (id, reported) in [("1a2b", "0000001A2B"), ("0012", "12"), ("3e8", "1000")] {
            let report = report(4, &text(reported, "UNDELIV"));
            assert_eq!(told(id, &[report.clone(), report]), [Fate::Failed], "{id}");
        }
        // 4096 is 1000 in hexadecimal digits.
        for (id, reported) in [("a1", "a2"), ("1000", "4096")] {
            assert_eq!(told(id, &[report(4, &text(reported, "UNDELIV"))]), [], "{id}");
        }
        // A text message of a person, or a report on the way.
        for class in [0, 0x20] {
            assert_eq!(told("a1", &[report(class, &text("a1", "UNDELIV"))]), []);
        }
    }

    #[test]
    fn the_parameters_of_a_report_are_read() {
        let mut report = report(4, "id:wrong stat:DELIVRD");
        report.push_tlv(MessageDeliveryRequestTlvValue::ReceiptedMessageId(
            COctetString::from_str("a1").unwrap(),
        ));
        report.push_tlv(MessageDeliveryRequestTlvValue::MessageState(
            MessageState::Undeliverable,
        ));
        assert_eq!(told("a1", &[report]), [Fate::Failed]);
    }

    #[test]
    fn a_report_may_come_before_the_answer() {
        for (id, reported) in [("a1", "a1"), ("3e8", "1000"), ("0012", "12")] {
            let (sender, mut told) = mpsc::channel(10);
            let receipts = Receipts::new(sender);
            assert!(receipts.take(&report(4, &format!("id:{reported} stat:UNDELIV"))));
            receipts.expect("b2", "other".into());
            assert!(told.try_recv().is_err());
            receipts.expect(id, "word".into());
            assert_eq!(told.try_recv().unwrap(), ("word".into(), Fate::Failed), "{id}");
        }
    }

    #[test]
    fn a_report_without_room_comes_again() {
        let (sender, mut told) = mpsc::channel(1);
        let receipts = Receipts::new(sender);
        let (one, other) = (report(4, "id:a1 stat:UNDELIV"), report(4, "id:a2 stat:UNDELIV"));
        receipts.expect("a1", "one".into());
        receipts.expect("a2", "other".into());
        assert!(receipts.take(&one) && !receipts.take(&other));
        assert_eq!(told.try_recv().unwrap().0, "one");
        assert!(receipts.take(&other));
        assert_eq!(told.try_recv().unwrap().0, "other");
    }
}
