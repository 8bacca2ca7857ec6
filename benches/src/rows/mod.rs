//! The rows, each in a file of its own.

mod confirm;
mod confirm_many;
mod contact;
mod delivery;
mod disk;
mod latency;
mod matching;
mod memory;
mod native;
mod prompt;
mod reading;
mod register;
mod size;
mod start;
mod through;

use crate::stage::Row;

/// Every row, in the order of the table.
pub const ROWS: &[&Row] = &[
    &confirm::ROW,
    &confirm_many::ROW,
    &contact::ROW,
    &matching::ROW,
    &native::ROW,
    &through::PROSODY,
    &through::EJABBERD,
    &prompt::ROW,
    &register::ROW,
    &latency::ROW,
    &size::ROW,
    &start::ROW,
    &memory::ROW,
    &disk::ROW,
    &reading::ROW,
    &delivery::ROW,
];
