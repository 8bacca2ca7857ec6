//! Mails as they are written.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::channel::smtp::Hello;
use crate::model::{Identity, Provider};

fn email(public_url: Option<&str>) -> Email {
    let server = MailServer::new("smtp://127.0.0.1:1", Hello::usual()).unwrap();
    Email::new(server, head(public_url))
}

fn head(public_url: Option<&str>) -> Letterhead {
    Letterhead {
        from: "Contacts <verify@example.org>".parse().unwrap(),
        bounce: None,
        service: "Example contacts".into(),
        operator: None,
        url: None,
        public_url: public_url.map(Into::into),
        dkim: None,
    }
}

/// Filters look at the domain of the id, and a repetition has the same.
#[tokio::test]
async fn the_id_of_a_mail_is_its_letters_at_the_senders_domain() {
    let id = |mail: &str| {
        let line = mail.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
        line.to_owned()
    };
    let (one, again) = (
        written(&email(None), "amy@example.org"),
        written(&email(None), "amy@example.org"),
    );
    assert!(id(&one).ends_with("@example.org>"), "{one}");
    assert_eq!(id(&one), id(&again));
}

fn letter(identity: Identity, target: BareJid, code: &str, language: Language) -> Letter {
    let message = Message::Code {
        identity,
        to: None,
        target,
        code: Code::typed(code),
        minutes: 1440,
    };
    Letter::new("1", language, message)
}

fn written(email: &Email, target: &str) -> String {
    written_in(Language::English, email, target)
}

fn written_in(language: Language, email: &Email, target: &str) -> String {
    let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
    let target = BareJid::new(target).unwrap();
    let mail = email.compose(&letter(identity, target, "123456", language)).unwrap();
    // Undoes the soft line breaks of quoted-printable, so that the text can be searched.
    String::from_utf8(mail.formatted()).unwrap().replace("=\r\n", "")
}

#[tokio::test]
async fn names_the_asker_and_has_the_code_in_subject_text_and_html() {
    let mail = written(&email(None), "amy@example.org");
    assert!(
        mail.contains("Subject: 123456 is your code for Example contacts"),
        "{mail}"
    );
    assert!(mail.matches("123456").count() >= 3, "{mail}");
    assert!(mail.matches("amy@example.org").count() >= 2, "{mail}");
    assert!(!mail.contains("/verify/"), "{mail}");
}

#[tokio::test]
async fn domains_are_written_in_a_labels() {
    let server = MailServer::new("smtp://127.0.0.1:1", Hello::usual()).unwrap();
    let head = Letterhead {
        from: "Bücher <Verify@bücher.example>".parse().unwrap(),
        ..head(None)
    };
    let identity = Identity::parse(Provider::Email, "hunter@straße.example").unwrap();
    let letter = letter(
        identity,
        BareJid::new("amy@example.org").unwrap(),
        "123456",
        Language::English,
    );
    let mail = Email::new(server, head).compose(&letter).unwrap();
    let envelope = mail.envelope();
    assert_eq!(envelope.from().unwrap().to_string(), "Verify@xn--bcher-kva.example");
    assert_eq!(envelope.to()[0].to_string(), "hunter@xn--strae-oqa.example");
    let mail = String::from_utf8(mail.formatted()).unwrap();
    assert!(mail.contains("<Verify@xn--bcher-kva.example>\r\n"), "{mail}");
    assert!(mail.contains("To: hunter@xn--strae-oqa.example\r\n"), "{mail}");
}

#[tokio::test]
async fn is_written_in_the_language_of_whoever_asked() {
    let mail = written_in(Language::German, &email(None), "amy@example.org");
    assert!(mail.contains("Content-Language: de"), "{mail}");
    assert!(mail.contains("<html lang=3D\"de\">"), "{mail}");
    assert!(mail.contains("Hallo"), "{mail}");
}

#[tokio::test]
async fn has_a_short_link_where_there_is_a_page() {
    let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
    let letter = Letter {
        link: Some("0123456789abcdef0123456789abcdef".into()),
        ..letter(
            identity,
            BareJid::new("amy@example.org").unwrap(),
            "123456",
            Language::English,
        )
    };
    let written = |url| {
        let mail = email(url).compose(&letter).unwrap().formatted();
        String::from_utf8(mail).unwrap().replace("=\r\n", "")
    };
    let mail = written(Some("https://api.example.org"));
    let link = "https://api.example.org/verify/0123456789abcdef0123456789abcdef?code=3D123456";
    assert_eq!(mail.matches(link).count(), 2, "{mail}");
    assert!(!written(None).contains("/verify/"));
}

#[tokio::test]
async fn a_letter_of_a_former_version_has_the_hash_in_its_link() {
    let mail = written(&email(Some("https://api.example.org")), "amy@example.org");
    let hash = Hash::of("email", "hunter@jobs.com");
    assert_eq!(
        mail.matches(&format!("https://api.example.org/verify/{hash}?code=3D123456"))
            .count(),
        2,
        "{mail}"
    );
}

#[tokio::test]
async fn says_how_to_be_the_last_where_there_is_a_page() {
    let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
    let target = BareJid::new("amy@example.org").unwrap();
    let token = "0123456789abcdef".repeat(4);
    let letter = Letter {
        stop: Some(token.clone()),
        ..letter(identity, target, "123456", Language::English)
    };
    let written = |url| {
        let mail = email(url).compose(&letter).unwrap().formatted();
        let mail = String::from_utf8(mail).unwrap().replace("=\r\n", "");
        // Unfolds header fields (RFC 5322, 2.2.3).
        mail.replace("\r\n ", " ").replace(":  ", ": ")
    };
    let mail = written(Some("https://api.example.org"));
    let page = format!("https://api.example.org/stop/{token}");
    assert!(mail.contains(&format!("List-Unsubscribe: <{page}>\r\n")), "{mail}");
    assert!(
        mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"),
        "{mail}"
    );
    assert_eq!(mail.matches(&page).count(), 3, "{mail}");

    let mail = written(Some("http://api.example.org"));
    assert!(mail.contains("List-Unsubscribe: <http:"), "{mail}");
    assert!(!mail.contains("List-Unsubscribe-Post"), "{mail}");
    assert!(!written(None).contains(&token));
}

#[tokio::test]
async fn names_the_operator_and_not_the_software() {
    let server = || MailServer::new("smtp://127.0.0.1:1", Hello::usual()).unwrap();
    let named = Letterhead {
        operator: Some("Example <Association>".into()),
        url: Some("https://example.org/contacts".into()),
        bounce: Some("bounces@bücher.example".parse().unwrap()),
        ..head(Some("https://api.example.org"))
    };
    let email = Email::new(server(), named);
    for language in Language::ALL {
        let mail = written_in(language, &email, "amy@example.org");
        assert!(!mail.contains("it-se.me"), "{mail}");
        assert!(
            mail.contains("<title>123456 ") && mail.contains("X-Auto-Response-Suppress: All\r\n"),
            "{mail}"
        );
        assert!(
            mail.contains("\r\nExample <Association>\r\nhttps://example.org/contacts"),
            "{mail}"
        );
        assert!(
            !mail.contains("<br>Example <Association>") && mail.contains("\"https://example.org/contacts\""),
            "{mail}"
        );
        assert!(mail.matches("Example contacts").count() >= 5, "{mail}");
    }
    let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
    let letter = letter(
        identity,
        BareJid::new("amy@example.org").unwrap(),
        "123456",
        Language::English,
    );
    let mail = email.compose(&letter).unwrap();
    assert_eq!(
        mail.envelope().from().unwrap().to_string(),
        "bounces@xn--bcher-kva.example"
    );
    assert!(
        String::from_utf8(mail.formatted())
            .unwrap()
            .contains("From: Contacts <verify@example.org>\r\n")
    );
}

#[tokio::test]
async fn a_jid_cannot_write_html() {
    let mail = written(&email(None), "a;b{i}`c@example.org");
    assert!(mail.contains("a;b{i}`c"), "{mail}");
    assert!(BareJid::new("<b>x</b>@example.org").is_err());
}

#[tokio::test]
async fn a_server_that_is_down_is_worth_another_try() {
    let email = email(None);
    let target = BareJid::new("amy@example.org").unwrap();
    let identity = Identity::parse(Provider::Email, "hunter@jobs.com").unwrap();
    let letter = letter(identity, target, "1", Language::English);
    assert!(matches!(email.send(&[letter]).await[0], Err(SendError::Retry(_))));
    assert!(email.check().await.is_err());
}

#[test]
fn subdomains_are_one_destination() {
    for (domain, registered_domain) in [
        ("example.org", "example.org"),
        ("a.b.example.org", "example.org"),
        ("mail.example.co.uk", "example.co.uk"),
        ("localhost", "localhost"),
        ("mail.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"),
        ("mail.xn--bcher-kva.xn--fiqs8s", "xn--bcher-kva.xn--fiqs8s"),
    ] {
        assert_eq!(registered(domain), registered_domain);
    }
}
