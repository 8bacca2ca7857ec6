//! The numbering table, `numbering.toml`: numbers of before a renumbering, and how they are written since.
//!
//! Rules are read backwards as well, for the other forms of a number.

mod rule;

use std::sync::LazyLock;

use serde::Deserialize;

use self::rule::Rule;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the file, which is part of the program.
    let file = toml::from_str(include_str!("../numbering.toml")).unwrap_or_default();
    Table::new(file).unwrap_or_default()
});

/// The version of the table.
pub fn numbering_version() -> u32 {
    TABLE.version
}

/// The current form of a number in E.164. `None` if it has not changed.
pub(crate) fn current(number: &str) -> Option<String> {
    TABLE.current(number)
}

/// Returns the other forms of a current number: those from before a renumbering, and those in use beside it.
pub(crate) fn others(number: &str) -> impl Iterator<Item = String> + use<'_> {
    TABLE.rules.iter().flat_map(|rule| rule.others(number))
}

/// The one of both forms of a number that stands for its subscriber, where both are in use.
pub(crate) fn subscriber(number: &str) -> String {
    let both_in_use = TABLE.rules.iter().filter(|rule| rule.alias_only);
    let others = both_in_use.flat_map(|rule| rule.others(number));
    others.fold(number.to_owned(), Ord::max)
}

#[derive(Default, Deserialize)]
struct File {
    version: u32,
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    from: String,
    to: String,
    alias_only: bool,
}

#[derive(Default)]
struct Table {
    version: u32,
    rules: Vec<Rule>,
    /// `true` if a former number begins with these three digits, for each three: most numbers are none.
    begins: Vec<bool>,
}

impl Table {
    /// `None` if a rule cannot be read.
    fn new(file: File) -> Option<Self> {
        let rule = |entry: &Entry| Rule::new(&entry.from, &entry.to, entry.alias_only);
        let rules: Vec<Rule> = file.rule.iter().map(rule).collect::<Option<_>>()?;
        let is_former = |begin: u16| rules.iter().any(|rule| rule.rewrites(format!("{begin:03}").as_bytes()));
        let begins = (0..1000).map(is_former).collect();
        Some(Self {
            version: file.version,
            rules,
            begins,
        })
    }

    fn current(&self, number: &str) -> Option<String> {
        let begin: usize = number.get(1..4)?.parse().ok()?;
        if !*self.begins.get(begin)? {
            return None;
        }
        self.rules.iter().find_map(|rule| rule.current(number))
    }
}

#[cfg(test)]
mod tests;
