//! Bodies of HTTP requests.
#![no_main]

use std::cell::RefCell;

use itseme::fuzzing::Bodies;

thread_local!(static BODIES: RefCell<Bodies> = RefCell::new(Bodies::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| BODIES.with_borrow_mut(|bodies| bodies.run(input)));
