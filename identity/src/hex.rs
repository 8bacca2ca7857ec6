//! Bytes as hex digits. A request may have hundreds of hashes, so they are read with vector instructions.

/// Reads twice as many digits, in either case, as `bytes` has room for; `None` if there are more, fewer, or others.
pub fn read(text: &str, bytes: &mut [u8]) -> Option<()> {
    if text.len() != 2 * bytes.len() {
        return None;
    }
    faster_hex::hex_decode(text.as_bytes(), bytes).ok()
}

/// In lower case.
pub fn write(bytes: &[u8]) -> String {
    faster_hex::hex_string(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_so_many_digits_are_read() {
        let mut bytes = [0; 40];
        let digits = write(&std::array::from_fn::<u8, 40, _>(|n| n as u8 * 6));
        for digits in [digits.clone(), digits.to_uppercase()] {
            read(&digits, &mut bytes).unwrap();
            assert_eq!(write(&bytes), digits.to_lowercase());
        }
        for wrong in [
            "",
            &digits[1..],
            &digits[2..],
            &format!("{digits}00"),
            &digits.replace('0', "g"),
            &format!("0x{}", &digits[2..]),
        ] {
            assert_eq!(read(wrong, &mut bytes), None);
        }
    }
}
