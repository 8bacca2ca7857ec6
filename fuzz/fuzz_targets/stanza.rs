//! Stanzas on a component stream.
#![no_main]

use std::cell::RefCell;

use itseme::fuzzing::Stanzas;

thread_local!(static STANZAS: RefCell<Stanzas> = RefCell::new(Stanzas::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| STANZAS.with_borrow_mut(|stanzas| stanzas.run(input)));
