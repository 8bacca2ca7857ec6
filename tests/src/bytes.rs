//! Searching every byte of every file for what must not be there.

use std::{collections::BTreeSet, fs, path::Path};

use aho_corasick::AhoCorasick;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// Something that must not be found, in all the ways it may be written.
#[derive(Debug, Clone)]
pub struct Needle {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Needle {
    /// A text, and its hex and base64.
    pub fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), forms: forms(text.as_bytes()) }
    }

    /// A hash given in hex: the beginning of its digits and the beginning of its bytes, in all their forms. The
    /// beginning is enough to identify it.
    pub fn hash(name: &str, hex: &str) -> Self {
        let start = &hex[..32];
        let bytes: Vec<u8> =
            (0..16).map(|i| u8::from_str_radix(&start[2 * i..2 * i + 2], 16).expect("hex")).collect();
        let mut forms = forms(start.as_bytes());
        forms.extend(self::forms(&bytes));
        Self { name: name.to_owned(), forms }
    }

    /// Returns `true` if it is in there, in any form. Upper and lower case are the same.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        !find_in(bytes, std::slice::from_ref(self)).is_empty()
    }
}

/// Returns the needles that are in files under `folder`, in words.
pub fn find(folder: &Path, needles: &[Needle]) -> Vec<String> {
    Search::new(needles).folder(folder)
}

/// The names of the needles that are in there.
pub fn find_in(bytes: &[u8], needles: &[Needle]) -> Vec<String> {
    Search::new(needles).bytes(bytes).into_iter().map(str::to_owned).collect()
}

/// Looks for all needles in one go: there may be thousands.
struct Search<'a> {
    forms: AhoCorasick,
    /// The name of the needle of each form.
    names: Vec<&'a str>,
}

impl<'a> Search<'a> {
    fn new(needles: &'a [Needle]) -> Self {
        let forms = needles.iter().flat_map(|needle| &needle.forms);
        let names =
            needles.iter().flat_map(|needle| vec![needle.name.as_str(); needle.forms.len()]).collect();
        let forms = AhoCorasick::builder().ascii_case_insensitive(true).build(forms).expect("some needles");
        Self { forms, names }
    }

    fn bytes(&self, bytes: &[u8]) -> BTreeSet<&'a str> {
        let found = self.forms.find_overlapping_iter(bytes);
        found.map(|found| self.names[found.pattern().as_usize()]).collect()
    }

    fn folder(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.folder(&path));
            } else {
                let there = self.bytes(&fs::read(&path).unwrap_or_default());
                found.extend(there.iter().map(|name| format!("{name} in {}", path.display())));
            }
        }
        found
    }
}

/// Returns the bytes unchanged, as hex, and as base64 at each offset within a longer text; all in lower case.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![bytes.to_ascii_lowercase(), hex.into_bytes()];
    forms.extend((0..3).map(|offset| base64_after(offset, bytes).to_ascii_lowercase()));
    forms
}

/// The letters of base64 that stand for these bytes alone when `offset` others come before them.
fn base64_after(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let padded = [&vec![0; offset], bytes].concat();
    let letters = STANDARD_NO_PAD.encode(&padded).into_bytes();
    let (from, to) = ((8 * offset).div_ceil(6), 8 * padded.len() / 6);
    letters[from..to].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found() {
        let needle = Needle::text("a number", "+447700900123");
        let encode = |text: &str| STANDARD_NO_PAD.encode(text);
        for hay in [
            "call +447700900123 now".to_owned(),
            "2b343437373030393030313233".to_owned(),
            encode("+447700900123"),
            encode("x+447700900123y"),
            encode("xy+447700900123"),
        ] {
            assert!(needle.is_in(hay.as_bytes()), "{hay}");
        }
        assert!(!needle.is_in(b"+447700900124"));
    }

    #[test]
    fn a_hash_is_found_by_its_start() {
        let hex = crate::hash("phone", "+447700900123");
        let needle = Needle::hash("a hash", &hex);
        assert!(needle.is_in(hex.to_uppercase().as_bytes()));
        assert!(needle.is_in(&hex.as_bytes()[..40]));
        let bytes: Vec<u8> =
            (0..20).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        assert!(needle.is_in(&bytes));
        assert!(!needle.is_in(crate::hash("phone", "+447700900124").as_bytes()));
    }

    #[test]
    fn files_are_searched_in_all_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/file"), b"\xff\x00AMY@example.org\x00").unwrap();
        let found =
            find(folder.path(), &[Needle::text("a mail", "amy@example.org"), Needle::text("b", "bob")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a mail in"));
    }
}
