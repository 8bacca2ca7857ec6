//! The web page of `examples/web`, which shows how little a client needs.

use std::{fs, path::Path};

use itseme_tests::{World, clients};

/// Lines of JavaScript that the page may have, comments and empty lines among them.
const MOST_LINES: usize = 120;
/// Characters of a line.
const LONGEST_LINE: usize = 130;

#[tokio::test]
async fn amy_and_michael_find_each_other() {
    clients::example(&mut World::start().await, "example-web.js").await;
}

#[test]
fn is_short() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/web/app.js");
    let script = fs::read_to_string(script).expect("the page's script");
    let lines = script.lines().count();
    assert!(lines <= MOST_LINES, "{lines} lines");
    for line in script.lines() {
        assert!(line.chars().count() <= LONGEST_LINE, "{line}");
    }
}
