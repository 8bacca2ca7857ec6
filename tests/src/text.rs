//! Finding codes in what people read.

/// The shortest code there may be.
const SHORTEST: usize = 4;

/// The first number that stands by itself and is long enough to be a code.
pub fn code_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_by_itself() {
        assert_eq!(code_in("it-se: 3991.").as_deref(), Some("3991"));
        assert_eq!(code_in("abc123456def 12 (654321)").as_deref(), Some("654321"));
        assert_eq!(code_in("399"), None);
    }
}
