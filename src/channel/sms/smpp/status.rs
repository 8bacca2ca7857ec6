//! The meanings of the statuses that an SMSC answers (SMPP 3.4, 5.1.3).

use std::time::Duration;

use rusmpp::CommandStatus;

use super::super::answer::{NOT_TAKEN, WAIT};
use crate::channel::{SendError, Trouble};

/// The pause after an answer that asks to send less: limits are for a second, mostly.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// Returns the status in words: its name in the specification, and its number, under which an SMSC documents its own.
fn told(status: CommandStatus) -> String {
    let number = u32::from(status);
    match format!("{status:?}").strip_prefix("Esme") {
        Some(name) => format!("the SMSC answered ESME_{} (0x{number:08X})", name.to_ascii_uppercase()),
        None => format!("the SMSC answered 0x{number:08X}"),
    }
}

/// Returns `true` if the SMSC wants fewer messages, or none now.
pub fn is_busy(status: CommandStatus) -> bool {
    matches!(
        status,
        CommandStatus::EsmeRthrottled
            | CommandStatus::EsmeRmsgqful
            | CommandStatus::EsmeRsyserr
            | CommandStatus::EsmeRxTAppn
    )
}

/// Returns the trouble of a bind that was refused.
pub fn of_bind(status: CommandStatus) -> Trouble {
    let remedy = match status {
        CommandStatus::EsmeRinvpaswd => "the password is refused; mend password",
        CommandStatus::EsmeRinvsysid => "it does not know the user (system_id); mend user",
        CommandStatus::EsmeRinvsystyp => "it refuses system_type; mend that",
        CommandStatus::EsmeRbindfail => {
            "it refuses the login; mend user, password and system_type, and see that the account has no other connections and may use this \
             address"
        }
        CommandStatus::EsmeRalybnd => {
            "the account has too many connections; end the others, or have it allowed more of them"
        }
        _ if is_busy(status) => "it takes no connection now; if that goes on, its operator knows why",
        _ => "it refuses the connection; its operator or its documentation says what to do",
    };
    Trouble::refused(format!("{}: {remedy}", told(status)))
}

/// Returns the meaning of a message that was refused. No status tells that it was taken nevertheless.
pub fn of_message(status: CommandStatus) -> SendError {
    let remedy = match status {
        CommandStatus::EsmeRinvdstadr => return SendError::Fail(told(status)),
        CommandStatus::EsmeRinvsrcadr | CommandStatus::EsmeRinvsrcton | CommandStatus::EsmeRinvsrcnpi => {
            "the account may not send from there; mend from and ton_npi"
        }
        CommandStatus::EsmeRinvdcs => "it does not take this alphabet; mend alphabet",
        CommandStatus::EsmeRprohibited | CommandStatus::EsmeRsertypdenied | CommandStatus::EsmeRsertypunauth => {
            "the account may not send there; see to its rights at the SMSC"
        }
        CommandStatus::EsmeRthrottled | CommandStatus::EsmeRmsgqful => WAIT,
        _ if is_busy(status) => "it is out of order for now",
        _ => NOT_TAKEN,
    };
    SendError::Retry(Trouble {
        again: is_busy(status).then_some(BUSY_FOR),
        ..Trouble::refused(format!("{}: {remedy}", told(status))).after_reading()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_class_and_remedy() {
        for (number, remedy, waits) in [
            (0x0000_0001, "its log", false),
            (0x0000_0008, "out of order", true),
            (0x0000_000a, "mend from", false),
            (0x0000_0014, "asks to wait", true),
            (0x0000_0045, "its log", false),
            (0x0000_0048, "ton_npi", false),
            (0x0000_0058, "asks to wait", true),
            (0x0000_0064, "out of order", true),
            (0x0000_0101, "rights", false),
            (0x0000_0104, "mend alphabet", false),
            (0x0000_0400, "0x00000400", false),
        ] {
            let SendError::Retry(trouble) = of_message(CommandStatus::from(number)) else {
                unreachable!("{number:x} is to be tried again")
            };
            assert!(trouble.reason.contains(remedy), "{}", trouble.reason);
            assert!(trouble.was_read && trouble.cause.is_some());
            assert_eq!(trouble.again.is_some(), waits, "{number:x}");
        }
        let ended = SendError::Fail("the SMSC answered ESME_RINVDSTADR (0x0000000B)".into());
        assert_eq!(of_message(CommandStatus::from(0x0b)), ended);
    }

    #[test]
    fn a_refused_bind_has_its_remedy() {
        for (number, remedy) in [
            (0x05, "too many connections"),
            (0x0d, "mend user, password and system_type"),
            (0x0e, "mend password"),
            (0x0f, "mend user"),
            (0x53, "mend that"),
            (0x58, "takes no connection now"),
            (0x400, "its operator"),
        ] {
            let trouble = of_bind(CommandStatus::from(number));
            assert!(trouble.reason.contains(remedy) && !trouble.was_read, "{trouble:?}");
        }
    }
}
