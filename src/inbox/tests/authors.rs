//! Who wrote a mail, and what of it counts.

use super::*;

#[tokio::test]
async fn a_signature_of_the_authors_domain_counts() {
    let office = Office::open().await;
    for signer in [Signer::ed25519("example.org"), Signer::rsa("example.org", 1024)] {
        office.publish(&signer);
        let signed = signer.sign(&mail("Amy@Example.ORG"));
        assert_eq!(office.desk.receive(signed.as_bytes(), false).await, Disposition::Done);
        assert_eq!(office.used(), [format!("amy@example.org|{WORD}")]);
    }
}

#[tokio::test]
async fn a_mail_that_anybody_could_have_written_does_not_count() {
    let office = Office::open().await;
    let (own, other) = (Signer::ed25519("example.org"), Signer::ed25519("example.net"));
    [&own, &other].into_iter().for_each(|signer| office.publish(signer));
    let (plain, signed) = (mail("amy@example.org"), own.sign(&mail("amy@example.org")));
    assert!(office.takes(&signed).await);
    for (why, wrong) in [
        ("unsigned", plain.clone()),
        ("another domain's signature", other.sign(&plain)),
        ("a key of others", Signer::ed25519("example.org").sign(&plain)),
        ("another text", signed.replace("Hello", "12345679")),
        ("another subject", signed.replace("Subject: 1", "Subject: 2")),
        ("another author", signed.replace("Amy <amy@", "Amy <bob@")),
        ("two authors' fields", format!("From: bob@example.org\r\n{signed}")),
        (
            "two authors' fields below",
            signed.replacen("\r\n\r\n", "\r\nFrom: bob@example.org\r\n\r\n", 1),
        ),
        (
            "two authors",
            own.sign(&plain.replacen("From: ", "From: bob@example.org, ", 1)),
        ),
        (
            "two subjects",
            format!("Subject: 23456789 eve@xmpp.example\r\n{signed}"),
        ),
        (
            "no author",
            own.sign_with(&plain.replace("From: ", "X-From: "), &["To", "Subject"], |signer| {
                signer
            }),
        ),
        ("not an address", own.sign(&mail("amy@[192.0.2.1]"))),
    ] {
        assert!(!office.takes(&wrong).await, "{why}: {wrong}");
    }
}

/// Somebody to whom a person has written hands the mail on, with changes that its signature does not show.
#[tokio::test]
async fn nothing_is_believed_that_is_not_signed() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let plain = mail("amy@example.org");
    let with = |mail: &str, fields: &[&str]| signer.sign_with(mail, fields, |signer| signer);
    let (most, all) = (["From", "Subject", "Cc"], ["From", "To", "Subject"]);
    assert!(office.takes(&with(&plain, &all)).await);
    // Microsoft's servers never sign to whom a mail goes.
    assert!(office.takes(&with(&plain, &["From", "Subject"])).await);
    let to_eve = plain.replace(OWN, "eve@example.net");
    for (why, wrong) in [
        ("another To", with(&to_eve, &most).replace("eve@example.net", OWN)),
        ("an unsigned To", with(&plain, &most)),
        ("a Cc in front", format!("Cc: {OWN}\r\n{}", with(&to_eve, &all))),
        ("a second Subject", format!("Subject: {WORD}\r\n{}", with(&plain, &all))),
    ] {
        assert!(!office.takes(&wrong).await, "{why}: {wrong}");
    }
    // Another Content-Type makes a text of anything.
    let quoting = plain
        .replace(&format!("Subject: {WORD}"), "Subject: Hi")
        .replace("\r\nHello", &format!("\r\nHello\r\n--x\r\n\r\n{WORD}\r\n--x--"));
    for front in [
        "",
        "Content-Type: multipart/mixed; boundary=x\r\n",
        "MIME-Version: 1.0\r\n",
    ] {
        for fields in [&all[..], &["From", "To", "Subject", "Content-Type", "MIME-Version"]] {
            let wrong = format!("{front}{}", with(&quoting, fields));
            assert_eq!(office.desk.receive(wrong.as_bytes(), false).await, Disposition::Done);
            assert!(office.used().concat().find(WORD).is_none(), "{wrong}");
        }
    }
    // What is signed is read, and of other mails their subject is.
    let typed = format!("Content-Type: multipart/mixed; boundary=x\r\n{quoting}");
    let fields = ["From", "To", "Subject", "Content-Type"];
    for (mail, fields, text) in [
        (&typed, &fields[..], WORD),
        (&typed, &all[..], ""),
        (&typed.replace("Subject: Hi", "Subject: 1 a@b"), &all[..], "1 a@b"),
    ] {
        assert_eq!(
            office.desk.receive(with(mail, fields).as_bytes(), false).await,
            Disposition::Done
        );
        assert_eq!(office.used(), [format!("amy@example.org|{text}")], "{mail}");
    }
}

#[tokio::test]
async fn an_author_is_named_in_one_way_only() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let from = |field: &str| signer.sign(&mail("x").replace("Amy <x>", field));
    for good in [
        "amy@example.org",
        "<amy@example.org>",
        " Amy\r\n <Amy@Example.org>",
        "\"Amy, of: eve@example.org <1> \\\" (home)\" <amy@example.org>",
        "=?utf-8?q?=C3=84my?= <amy@example.org>",
        "Ämy <amy@example.org>",
    ] {
        assert!(office.takes(&from(good)).await, "{good}");
    }
    for odd in [
        "<eve@example.org>g:<amy@example.org>",
        "<eve@example.org>g:<amy@example.org>;",
        "g: amy@example.org;",
        "eve@example.org <amy@example.org>",
        "amy@example.org <eve@example.org>",
        "<eve@example.org> <amy@example.org>",
        "amy@example.org (eve@example.org)",
        "(\") <eve@example.org> (\") <amy@example.org>",
        "<@example.net:amy@example.org>",
        "\"a <amy@example.org>",
        "eve@example.org, amy@example.org",
        "\"\"amy@example.org",
        "<\"\"amy@example.org>",
        "amy@example.org\r\n eve",
    ] {
        assert!(!office.takes(&from(odd)).await, "{odd}");
    }
}

/// A mail to nobody in particular, of which the signature says that there is no subject.
#[tokio::test]
async fn nothing_can_be_added_to_a_signed_mail() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let signed = signer.sign(&mail("amy@example.org").replace(&format!("Subject: {WORD}\r\n"), ""));
    assert_eq!(office.desk.receive(signed.as_bytes(), false).await, Disposition::Done);
    assert_eq!(office.used(), ["amy@example.org|"]);
    for added in [
        "Subject: 1 a@b\r\n",
        "Subject : 1 a@b\r\n",
        "subject\t: 1 a@b\r\n",
        "Subject\r\n : 1 a@b\r\n",
        "X: y\rSubject: 1 a@b\r\n",
        "X: y\nSubject: 1 a@b\n",
        "X: y\r\n\r\n1 a@b\r\n",
        "\r\n1 a@b\r\n",
        "X: \u{85}Subject: 1 a@b\r\n",
        "Content-Type: text/html\r\nX: <p>1 a@b</p>\r\n",
    ] {
        for wrong in [
            format!("{added}{signed}"),
            signed.replacen("To: ", &format!("{added}To: "), 1),
        ] {
            assert_eq!(office.desk.receive(wrong.as_bytes(), false).await, Disposition::Done);
            let used = office.used();
            assert!(used.iter().all(|used| !used.contains('1')), "{added:?}: {used:?}");
        }
    }
}

#[tokio::test]
async fn a_signature_that_says_little_does_not_count() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let plain = mail("amy@example.org");
    let all = ["From", "To", "Subject"];
    assert!(office.takes(&signer.sign_with(&plain, &all, |signer| signer)).await);
    let expired = signer.sign_with(&plain, &all, |signer| signer.expiration(1));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for (why, wrong) in [
        (
            "not of the author",
            signer.sign_with(&plain, &["To", "Subject"], |signer| signer),
        ),
        (
            "not of the subject",
            signer.sign_with(&plain, &["From", "To"], |signer| signer),
        ),
        (
            "of a part",
            signer.sign_with(&plain, &all, |signer| signer.body_length(true)),
        ),
        ("expired", expired),
    ] {
        assert!(!office.takes(&wrong).await, "{why}: {wrong}");
    }
    let weak = Signer::rsa("weak.example", 768);
    office.publish(&weak);
    assert!(!office.takes(&weak.sign(&mail("amy@weak.example"))).await);
    let name = "s._domainkey.example.org";
    office.dns.set(name, &format!("{}; t=y", signer.record));
    assert!(!office.takes(&signer.sign(&plain)).await, "the domain tests its key");
    office.dns.set(name, "v=DKIM1; p=");
    assert!(!office.takes(&signer.sign(&plain)).await, "the key is revoked");
}

/// The work that a mail makes is the product of these.
#[tokio::test]
async fn headers_signatures_and_what_they_are_over_have_bounds() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let plain = mail("amy@example.org");
    for (names, counts) in [(100, true), (101, false)] {
        let mut fields = vec!["From", "To", "Subject"];
        fields.resize(names, "X");
        let signed = signer.sign_with(&plain, &fields, |signer| signer);
        assert_eq!(office.takes(&signed).await, counts, "{signed}");
        // A mail has five headers, and its signature is one.
        let padded = |headers: usize| "X: y\r\n".repeat(headers - 6) + &signer.sign(&plain);
        assert_eq!(office.takes(&padded(names + 400)).await, counts);
        let (signed, foreign) = (signer.sign(&plain), Signer::ed25519("example.net").sign(&plain));
        let foreign = foreign.strip_suffix(&plain).unwrap();
        assert_eq!(office.takes(&(foreign.repeat(names - 91) + &signed)).await, counts);
        // Also those that cannot be read.
        let unreadable = "DKIM-Signature: x\r\n".repeat(names - 91);
        assert_eq!(office.takes(&(unreadable + &signed)).await, counts);
    }
}

#[tokio::test]
async fn another_domain_of_the_same_owner_counts_as_its_policy_says() {
    let office = Office::open().await;
    let signer = Signer::ed25519("mail.example.org");
    office.publish(&signer);
    for from in ["amy@example.org", "amy@lists.example.org"] {
        let signed = signer.sign(&mail(from));
        assert!(!office.takes(&signed).await, "there is no policy: {from}");
        office.dns.set("_dmarc.example.org", "v=DMARC1; p=none; adkim=r");
        assert!(office.takes(&signed).await, "{from}");
        office.dns.set("_dmarc.example.org", "v=DMARC1; p=none; adkim=s");
        assert!(!office.takes(&signed).await, "{from}");
        office.dns.set("_dmarc.example.org", "nonsense");
    }
    // Owners of different names below one suffix are not one, whatever its registry publishes.
    let stranger = Signer::ed25519("other.co.uk");
    office.publish(&stranger);
    office.dns.set("_dmarc.co.uk", "v=DMARC1; p=none");
    assert!(!office.takes(&stranger.sign(&mail("amy@example.co.uk"))).await);
    assert!(office.takes(&stranger.sign(&mail("amy@other.co.uk"))).await);
}

#[tokio::test]
async fn a_mail_waits_until_the_dns_answers() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    let signed = signer.sign(&mail("amy@example.org"));
    office.dns.break_down("s._domainkey.example.org");
    assert_eq!(
        office.desk.receive(signed.as_bytes(), false).await,
        Disposition::AskAgain
    );
    // That of others keeps nothing waiting.
    let foreign = signed.replace("Amy <amy@example.org>", "amy@example.net");
    assert!(!office.takes(&foreign).await);
    office.publish(&signer);
    assert!(office.takes(&signed).await);
    let faulty = signer.sign(&mail("amy@example.org").replace(WORD, "1 fault"));
    assert_eq!(office.desk.receive(faulty.as_bytes(), false).await, Disposition::Later);
}

/// A mail is not put off for what the DNS did not do.
#[tokio::test]
async fn a_mail_waits_for_the_database() {
    let mut office = Office::open().await;
    office.desk.usage = Box::new(|_| {
        async {
            tokio::time::pause();
            tokio::time::sleep(PROVING * 2).await;
            tokio::time::resume();
            Ok("linked")
        }
        .boxed()
    });
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let signed = signer.sign(&mail("amy@example.org"));
    assert_eq!(office.desk.receive(signed.as_bytes(), false).await, Disposition::Done);
}

#[tokio::test]
async fn what_programs_write_and_what_is_written_to_others_does_not_count() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let with = |line: &str| signer.sign(&format!("{line}\r\n{}", mail("amy@example.org")));
    assert!(office.takes(&with("Auto-Submitted: no")).await);
    assert!(office.takes(&with("Precedence: first-class")).await);
    for line in [
        "Auto-Submitted: auto-replied",
        "auto-submitted:\r\n\tauto-generated; owner=x",
        "Precedence: bulk",
        "Precedence: List",
        "In-Reply-To: <2@example.net>",
        "References: <2@example.net>",
    ] {
        assert!(!office.takes(&with(line)).await, "{line}");
    }
    // What `mail` has as its Message-ID.
    let own = "References: <1@example.org>";
    assert!(office.takes(&with(own)).await, "it refers to itself");
    for line in [
        "In-Reply-To: <1@example.org>",
        "References: <2@example.net>",
        "References: <2@example.net> <1@example.org>",
    ] {
        let line = format!("{line}\r\n{own}");
        assert!(!office.takes(&with(&line)).await, "{line}");
    }
    let signed = with("X: y");
    assert_eq!(office.desk.receive(signed.as_bytes(), true).await, Disposition::Done);
    assert!(office.used().is_empty(), "it has no sender");
    let mail = mail("amy@example.org");
    assert!(!office.takes(&signer.sign(&mail.replace(OWN, "eve@example.net"))).await);
    assert!(!office.takes(&signer.sign(&mail.replace("To: ", "X-To: "))).await);
    let several = mail
        .replace("To: ", "To: eve@example.net, Us <")
        .replace(".example\r\nSub", ".example>\r\nSub");
    assert!(office.takes(&signer.sign(&several)).await);
    assert!(office.takes(&signer.sign(&mail.replace("To: ", "Cc: "))).await);
}

#[tokio::test]
async fn the_word_is_read_where_its_author_writes_it() {
    let office = Office::open().await;
    let signer = Signer::ed25519("example.org");
    office.publish(&signer);
    let head = |subject: &str, more: &str| {
        let mail = mail("amy@example.org").replace(WORD, subject);
        mail.replacen("\r\n\r\nHello\r\n", &format!("\r\n{more}"), 1)
    };
    let html = "Content-Type: text/html\r\n\r\n<p>1234 5678 <b>amy@xmpp.example</b></p>\r\n";
    let both = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\n11111111 a@b\r\n--x\r\nContent-Type: text/html\r\n\r\n\
                <p>22222222\r\n--x--\r\n";
    let base64 =
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n2aHZotmjIGFAYg==\r\n";
    for (mail, text) in [
        (head(WORD, "\r\n"), WORD),
        (head("Hi", &format!("\r\n\r\n  {WORD}\r\nmore\r\n")), WORD),
        (head("1 a@b", "\r\n2 a@b\r\n"), "1 a@b\n2 a@b"),
        (head("=?utf-8?q?=31_a@b?=", "\r\n"), "1 a@b"),
        (head("Hi", html), "1234 5678 amy@xmpp.example"),
        (head("Hi", both), "11111111 a@b"),
        // Digits of other scripts are digits.
        (head("Hi", base64), "\u{661}\u{662}\u{663} a@b"),
        (head(&"1".repeat(900), "\r\n"), &"1".repeat(900)),
        (head("Re: 1 a@b", "\r\n> 1 a@b\r\nHello\r\n3 a@b"), ""),
        (head("Re: 1 a@b", "\r\nYes\r\n\r\nFrom: Eve\r\n1 a@b\r\n"), ""),
        (head("Hi", &format!("\r\n{}\r\n", "1".repeat(5000))), &"1".repeat(1000)),
    ] {
        assert_eq!(
            office.desk.receive(signer.sign(&mail).as_bytes(), false).await,
            Disposition::Done
        );
        assert_eq!(office.used(), [format!("amy@example.org|{text}")], "{mail}");
    }
}
