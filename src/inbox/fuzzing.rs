//! Mails as strangers write them.

use super::mail::read;

/// Reads a mail, and checks that what it says is bounded.
pub fn mail(input: &[u8]) {
    if let Ok(read) = read(input, false, "verify@example.org") {
        let texts = [read.subject, read.text].into_iter().flatten();
        assert!(
            texts.map(|text| text.len()).sum::<usize>() <= 8 * 1024,
            "its text is long"
        );
        assert!(read.identity.id.contains('@'), "its author has no address");
    }
}
