//! The words of column titles in tables, in the languages of Outlook that are spoken most.

/// Titles of a column with a whole name.
pub(super) const WHOLE: [&str; 12] = [
    "name",
    "display name",
    "full name",
    "file as",
    "anzeigename",
    "nom complet",
    "nombre completo",
    "contact",
    "kontakt",
    "氏名",
    "姓名",
    "полное имя",
];

/// Titles of a column with a part of a name.
pub(super) const PARTS: [&str; 41] = [
    "first name",
    "given name",
    "middle name",
    "additional name",
    "last name",
    "family name",
    "surname",
    "vorname",
    "weitere vornamen",
    "nachname",
    "prénom",
    "deuxième prénom",
    "nom",
    "nombre",
    "segundo nombre",
    "apellido",
    "apellidos",
    "nome",
    "secondo nome",
    "cognome",
    "nome do meio",
    "sobrenome",
    "apelido",
    "voornaam",
    "tweede naam",
    "middelste naam",
    "tussenvoegsel",
    "achternaam",
    "förnamn",
    "efternamn",
    "fornavn",
    "etternavn",
    "efternavn",
    "imię",
    "drugie imię",
    "nazwisko",
    "имя",
    "отчество",
    "фамилия",
    "姓",
    "名",
];

/// Beginnings of words in titles of columns that are not used.
pub(super) const ABOUT: [&str; 11] = [
    "type",
    "typ",
    "tipo",
    "label",
    "service",
    "display",
    "angezeigter",
    "assistant",
    "manager",
    "telegram",
    "telex",
];

/// Parts of titles of a column with an e-mail address.
pub(super) const MAIL: [&str; 10] =
    ["mail", "messagerie", "correo", "posta elettronica", "почт", "メール", "邮件", "郵件", "이메일", "بريد"];

/// Parts of titles of a column with a phone number, within any word: in some languages, there are no spaces between words.
pub(super) const NUMBERS: [&str; 16] = [
    "phone",
    "telefo",
    "téléphone",
    "teléfo",
    "mobil",
    "телефон",
    "мобил",
    "電話",
    "电话",
    "手机",
    "手機",
    "携帯",
    "전화",
    "휴대",
    "هاتف",
    "جوال",
];

/// Beginnings of words in titles of a column with a phone number.
pub(super) const NUMBER: [&str; 9] =
    ["móvil", "movil", "handy", "cell", "celular", "tel", "tél", "fax", "pager"];
