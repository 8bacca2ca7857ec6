//! Address books as programs write them, and their contacts. `books/NAME.expected` has, perhaps, the owner's region, a line
//! for each contact, and a line for each detail that is skipped.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use itseme_client::{AddressBook, Region};
use proptest::prelude::*;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/books");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().unwrap() != "expected").collect();
    files.sort();
    files
}

fn described(book: &AddressBook) -> String {
    let mut text = String::new();
    for contact in book.contacts() {
        write!(text, "{}:", contact.name).unwrap();
        for entry in &contact.entries {
            let impossible = if entry.possible { "" } else { " (impossible)" };
            write!(text, " {}{impossible}", entry.identity).unwrap();
        }
        text.push('\n');
    }
    for skipped in book.skipped() {
        writeln!(text, "- {} (line {}): {:?}", skipped.name, skipped.place, skipped.reason).unwrap();
    }
    text
}

#[test]
fn books_are_read_as_programs_write_them() {
    let files = files();
    assert!(files.len() > 20, "{files:?}");
    let mut wrong = String::new();
    for file in files {
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap();
        let (regions, expected) =
            match expected.strip_prefix("region ").and_then(|text| text.split_once('\n')) {
                Some((region, expected)) => (vec![region.parse::<Region>().unwrap()], expected),
                None => (Vec::new(), expected.as_str()),
            };
        let found = described(&AddressBook::read(&file, &regions).unwrap());
        if found != expected {
            writeln!(wrong, "{}:\n{found}instead of\n{expected}", file.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_file_says_what_is_in_it() {
    let files = files();
    let stems: BTreeSet<_> = files.iter().map(|file| file.file_stem().unwrap()).collect();
    assert_eq!(stems.len(), files.len(), "two files have one .expected");
}

#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
}

impl Damage {
    fn to(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = |index: &prop::sample::Index| index.index(bytes.len().max(1)).min(bytes.len());
        match self {
            Self::Cut(index) => bytes.truncate(at(index)),
            Self::Change(index, byte) => {
                let index = at(index);
                bytes.get_mut(index).into_iter().for_each(|old| *old = *byte);
            }
            Self::Insert(index, new) => drop(bytes.splice(at(index)..at(index), new.clone())),
            Self::Repeat(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                bytes.extend_from_within(from..to);
            }
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let pieces = prop::sample::select(vec![
        &b"\r\n"[..],
        b"\r",
        b"\"",
        b"\0",
        b":",
        b";",
        b"=\n",
        b"\\",
        b"[",
        b"\xff\xfe",
        b"\xc3",
        b"BEGIN:VCARD\n",
        b"END:VCARD\n",
        b"AGENT:\n",
        b"ENCODING=b",
        b"CHARSET=UTF-16",
        b"::",
    ]);
    prop_oneof![
        index().prop_map(Damage::Cut),
        (index(), any::<u8>()).prop_map(|(index, byte)| Damage::Change(index, byte)),
        (index(), pieces).prop_map(|(index, piece)| Damage::Insert(index, piece.to_vec())),
        (index(), index()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

proptest! {
    #[test]
    fn damaged_files_are_no_trouble(
        file in prop::sample::select(files()),
        damages in prop::collection::vec(damage(), 1..20),
    ) {
        let bytes = damages.iter().fold(fs::read(file).unwrap(), |bytes, damage| damage.to(bytes));
        let book = AddressBook::parse(bytes, &["GB".parse().unwrap()]);
        prop_assert!(book.hashes().iter().all(|hash| book.find(hash).is_some()));
    }
}
