//! Detects the format of a file.

use std::path::Path;

/// A format of address books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    VCard,
    JCard,
    Csv,
    Ldif,
}

impl Format {
    /// Returns the format of the content. CSV has nothing that distinguishes it from other text.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).map(<[u8]>::trim_ascii);
        let first = lines.clone().find(|line| !line.is_empty() && !line.starts_with(b"#"))?;
        let starts = |line: &[u8], start: &[u8]| {
            line.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        if matches!(first.first(), Some(b'[' | b'{')) {
            Some(Self::JCard)
        } else if starts(first, b"dn:") || starts(first, b"version: ") {
            Some(Self::Ldif)
        } else if lines.any(|line| starts(line, b"BEGIN:VCARD")) {
            Some(Self::VCard)
        } else {
            None
        }
    }

    /// By the end of its name.
    pub(super) fn named(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "vcf" | "vcard" => Some(Self::VCard),
            "json" | "jcard" => Some(Self::JCard),
            "ldif" | "ldi" => Some(Self::Ldif),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            _ => None,
        }
    }
}
