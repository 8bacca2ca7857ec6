//! Words that stand beside a number.

/// Labels of a number, in front of it or behind it, in lower case. In front of a colon, every word is a label.
const LABELS: &[&str] = &[
    // One letter, as on business cards.
    "t",
    "m",
    "f", //
    "tel",
    "telephone",
    "phone",
    "ph",
    "mobile",
    "mob",
    "cell",
    "cellphone",
    "cellular",
    "home",
    "work",
    "office",
    "fax",
    "voice",
    "main",
    "direct",
    "sms",
    "call",
    "no",
    "number", //
    "telefon",
    "handy",
    "mobil",
    "mobiltelefon",
    "festnetz",
    "privat",
    "büro",
    "zuhause",
    "arbeit",
    "geschäftlich", //
    "téléphone",
    "tél",
    "portable",
    "fixe",
    "bureau",
    "domicile",
    "travail", //
    "teléfono",
    "telefono",
    "móvil",
    "movil",
    "celular",
    "cel",
    "casa",
    "trabajo",
    "oficina",
    "fijo", //
    "telefone",
    "telemóvel",
    "cellulare",
    "ufficio",
    "telefoon",
    "mobiel",
    "telefonnummer", //
    "тел",
    "телефон",
    "моб",
    "мобильный",
    "дом",
    "раб",
    "факс", //
    "電話",
    "电话",
    "手机",
    "手機",
    "携帯",
    "携帯電話",
    "전화",
    "휴대폰",
    "هاتف",
    "جوال",
    "موبايل",
    "फ़ोन",
    "फोन",
    "मोबाइल",
];

/// The words that libphonenumber knows for an extension, and the letters for a pause and for waiting.
const EXTENSIONS: &[&str] = &["x", "ext", "extn", "extension", "extensión", "anexo", "int", "доб"];

/// Returns `true` if a word, in lower case, says which number it is.
pub(super) fn is_label(word: &str) -> bool {
    LABELS.contains(&word)
}

/// Returns `true` if a word, in lower case, stands in front of an extension or is a pause.
pub(super) fn is_extension(word: &str) -> bool {
    let is_pause = !word.is_empty() && word.bytes().all(|b| matches!(b, b'p' | b'w'));
    is_pause || EXTENSIONS.contains(&word)
}
