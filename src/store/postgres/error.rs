//! Errors of PostgreSQL as errors of the store.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::dial::Fault;
use crate::store::StoreError;

/// Others' changes prevent a change for as long as they last: it can be run again. A duplicate key is one, too: of two changes
/// that make the same row, the second may get this error instead of a serialization failure (PostgreSQL 15, 13.2.3).
///
/// Of a statement whose answer is not read, such an error shows in the next one alone, as a transaction that has failed.
const CONFLICTS: [SqlState; 5] = [
    SqlState::IN_FAILED_SQL_TRANSACTION,
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::UNIQUE_VIOLATION,
    SqlState::LOCK_NOT_AVAILABLE,
];
/// The stored data is damaged, or the tables are not as this version made them.
const DAMAGES: [SqlState; 5] = [
    SqlState::DATA_CORRUPTED,
    SqlState::INDEX_CORRUPTED,
    SqlState::UNDEFINED_TABLE,
    SqlState::UNDEFINED_COLUMN,
    SqlState::DATATYPE_MISMATCH,
];

/// Returns the error of the store. Its text is the server's message, without the detail, which quotes values.
pub fn of(error: &Error) -> StoreError {
    let Some(told) = error.as_db_error() else {
        return StoreError::Unavailable(format!("PostgreSQL: {}", chain(error)));
    };
    let text = format!("PostgreSQL: {} ({})", told.message(), told.code().code());
    match told.code() {
        code if CONFLICTS.contains(code) => StoreError::Retry(text),
        code if DAMAGES.contains(code) => StoreError::Corrupt(text),
        _ => StoreError::Unavailable(text),
    }
}

/// Returns `true` if the connection cannot be used any more.
pub fn is_fatal(error: &Error) -> bool {
    match error.as_db_error() {
        // Shut down by an admin, crashed, or ended by a limit of its own: the server closes the connection.
        Some(told) => told.severity() == "FATAL" || told.severity() == "PANIC",
        None => true,
    }
}

/// Returns an error with its causes and their remedy: "error connecting to server" alone helps nobody.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    match Fault::of(error) {
        Some(fault @ Fault::Tls(_)) => format!("{text}: {fault}, or name its authority as sslrootcert in store.url"),
        Some(fault) => format!("{text}: {fault}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::dial::fault::faulty;
    use crate::store::Database;

    #[test]
    fn each_fault_of_a_connection_has_its_own_words() {
        for (server, words) in [
            (
                format!("127.0.0.1:{}/x?sslmode=disable", faulty::refusing()),
                "refuses connections",
            ),
            ("nowhere.invalid/x".into(), "cannot be looked up"),
            (format!("127.0.0.1:{}/x?sslmode=require", faulty::plain("N")), "TLS"),
        ] {
            let database = Database::of_url(&format!("postgres://itseme:hunter2@{server}")).unwrap();
            let told = database.check(None).err().unwrap().to_string();
            assert!(told.contains(words) && !told.contains("hunter2"), "{server}: {told}");
        }
    }
}
