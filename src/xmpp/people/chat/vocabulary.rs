//! The words of commands, in every language.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::language::Language;

/// A word that has a meaning, in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Help,
    Link,
    Verify,
    Links,
    Forget,
    Introduce,
    Mute,
    Unmute,
    Mutes,
    As,
    Here,
    Send,
    Call,
    Phone,
    Email,
}

/// Returns the meaning of a word, with or without accents, and its language: `expected` if it is a word there.
pub fn word(text: &str, expected: Language) -> Option<(Word, Language)> {
    static WORDS: LazyLock<HashMap<String, Vec<(Word, Language)>>> = LazyLock::new(|| {
        let mut words: HashMap<_, Vec<_>> = HashMap::new();
        for language in Language::ALL {
            for (text, word) in vocabulary(language) {
                words.entry(folded(&text)).or_default().push((word, language));
            }
        }
        words
    });
    let meanings = WORDS.get(&folded(text))?;
    let own = meanings.iter().find(|(_, language)| *language == expected);
    own.or(meanings.first()).copied()
}

pub(super) fn vocabulary(language: Language) -> Vec<(String, Word)> {
    let others = |words: String, word| words.split(' ').map(|text| (text.to_owned(), word)).collect::<Vec<_>>();
    let named = [
        (language.word_help(), Word::Help),
        (language.word_link(), Word::Link),
        (language.word_verify(), Word::Verify),
        (language.word_links(), Word::Links),
        (language.word_forget(), Word::Forget),
        (language.word_introduce(), Word::Introduce),
        (language.word_mute(), Word::Mute),
        (language.word_unmute(), Word::Unmute),
        (language.word_mutes(), Word::Mutes),
        (language.word_as(), Word::As),
        (language.word_here(), Word::Here),
        (language.word_send(), Word::Send),
        (language.word_call(), Word::Call),
        (language.word_phone(), Word::Phone),
        (language.word_email(), Word::Email),
    ];
    let others = [
        others(language.words_for_phone(), Word::Phone),
        others(language.words_for_email(), Word::Email),
    ];
    named.into_iter().chain(others.into_iter().flatten()).collect()
}

/// In lower case, without accents, quotes and what ends a sentence.
fn folded(word: &str) -> String {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric()).nfkd();
    letters
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}
