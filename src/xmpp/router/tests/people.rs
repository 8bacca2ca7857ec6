//! Presence and messages, as people send them.

use super::*;

#[tokio::test]
async fn presence_is_of_the_address_that_was_added() {
    let (router, _folder) = router();
    for to in [DOMAIN, ACCOUNT] {
        assert_eq!(shown(&router, to, Type::Probe).await, [format!("unsubscribed {to}")]);
        let (yes, here) = (format!("subscribed {to}"), format!("- {to}/itseme"));
        assert_eq!(shown(&router, to, Type::Subscribe).await, [yes, here.clone()]);
        assert_eq!(shown(&router, to, Type::Probe).await, [here]);
        // The other one is not added by that.
        let gone = [format!("unavailable {to}/itseme"), format!("unsubscribed {to}")];
        assert_eq!(shown(&router, to, Type::Unsubscribe).await, gone);
    }
    for type_ in [Type::Probe, Type::Subscribe] {
        assert_eq!(shown(&router, NOBODY, type_).await, [format!("unsubscribed {NOBODY}")]);
    }
    for type_ in [Type::None, Type::Unavailable, Type::Unsubscribe, Type::Error] {
        assert!(shown(&router, NOBODY, type_).await.is_empty());
    }
}

/// The admin may have put the service into the contact lists of the own people.
#[tokio::test]
async fn who_probes_without_a_subscription_is_told_so_except_own_people() {
    let (router, _folder) = router_with_a_peer();
    for (from, type_) in [
        ("amy@example.org", None),
        ("amy@example.net/phone", Some("unsubscribed")),
        ("example.org", Some("unsubscribed")),
    ] {
        let probe = Presence::new(Type::Probe).with_from(jid(from)).with_to(jid(ACCOUNT));
        let [told] = answers(&router, probe).await.try_into().unwrap();
        assert_eq!(told.attr("type"), type_, "{from}");
    }
}

#[tokio::test]
async fn whoever_subscribes_is_asked_back_once() {
    let (router, _folder) = router_with(true);
    let bare = ["subscribed", "subscribe", "unsubscribed", "unsubscribe"].map(|type_| format!("{type_} {ACCOUNT}"));
    let full = ["-", "unavailable"].map(|type_| format!("{type_} {ACCOUNT}/itseme"));
    let [yes, ask, no, enough] = bare.each_ref().map(String::as_str);
    let [here, gone] = full.each_ref().map(String::as_str);
    for _ in 0..2 {
        assert_eq!(shown(&router, ACCOUNT, Type::Subscribe).await, [yes, ask, here]);
        // Another service that does the same must not be asked again and again.
        assert_eq!(shown(&router, ACCOUNT, Type::Subscribe).await, [yes, here]);
        for answer in [Type::Subscribed, Type::Unsubscribed, Type::None, Type::Unavailable] {
            assert!(shown(&router, ACCOUNT, answer).await.is_empty());
        }
        assert_eq!(shown(&router, ACCOUNT, Type::Probe).await, [here]);
        assert_eq!(shown(&router, ACCOUNT, Type::Unsubscribe).await, [gone, no, enough]);
    }
}

#[tokio::test]
async fn words_come_from_the_bare_address_that_was_written_to() {
    let (router, _folder) = router();
    for (number, (to, from)) in [
        (DOMAIN, DOMAIN),
        (ACCOUNT, ACCOUNT),
        ("itseme@itseme.example.org/itseme", ACCOUNT),
        ("itseme@itseme.example.org/other", ACCOUNT),
    ]
    .into_iter()
    .enumerate()
    {
        let writer = format!("person{number}@example.org/phone");
        let [answer] = said(&router, &writer, to, MessageType::Chat, "help")
            .await
            .try_into()
            .unwrap();
        assert_eq!(
            (answer.attr("from"), answer.attr("type")),
            (Some(from), Some("chat")),
            "{to}"
        );
    }
    // One conversation, at whichever address: nobody is helped twice in it.
    assert_eq!(said(&router, AMY, DOMAIN, MessageType::Chat, "what?").await.len(), 1);
    assert!(said(&router, AMY, ACCOUNT, MessageType::Chat, "who?").await.is_empty());
}

#[tokio::test]
async fn messages_to_nobody_come_back_and_errors_never_do() {
    let (router, _folder) = router();
    for type_ in [MessageType::Chat, MessageType::Normal] {
        let [bounce] = said(&router, AMY, NOBODY, type_, "help").await.try_into().unwrap();
        assert_eq!(
            [
                bounce.attr("type"),
                bounce.attr("from"),
                bounce.attr("to"),
                bounce.attr("id")
            ],
            [Some("error"), Some(NOBODY), Some(AMY), Some("1")]
        );
        assert_eq!(condition(&bounce), "item-not-found");
    }
    for type_ in [MessageType::Error, MessageType::Groupchat, MessageType::Headline] {
        assert!(said(&router, AMY, NOBODY, type_, "help").await.is_empty());
    }
}

#[tokio::test]
async fn a_request_in_a_message_comes_back_with_how_to_send_it() {
    let (router, _folder) = router();
    let sent = async |from: &str, attributes: &str, inner: &str| {
        let message = format!(
            "<message xmlns='jabber:component:accept' id='1' from='{from}' to='{ACCOUNT}' {attributes}>{inner}</message>"
        );
        let message = Message::try_from(message.parse::<Element>().unwrap()).unwrap();
        answers(&router, message).await
    };
    let body = "<body>help</body>";
    let contact = "<contact xmlns='it-se.me:contact'><info>[]</info><jid>eve@example.org</jid></contact>";
    let mutes = "<mutes xmlns='it-se.me:contact'/>";
    for (attributes, inner, how) in [
        ("", mutes.to_owned(), "Please send <mutes/> in an IQ of type 'get'."),
        (
            "type='chat'",
            format!("{body}{mutes}"),
            "Please send <mutes/> in an IQ of type 'get'.",
        ),
        (
            "type='chat'",
            "<register xmlns='it-se.me:register' provider='phone' id='+447700900123'/>".to_owned(),
            "Please send <register/> in an IQ of type 'set'.",
        ),
        (
            "type='chat'",
            contact.to_owned(),
            "Please send <contact/> in an IQ of type 'set'. To answer an introduction, send the message to the JID in its <jid/>.",
        ),
    ] {
        let [bounce] = sent(AMY, attributes, &inner).await.try_into().unwrap();
        let is = ["type", "from", "to", "id"].map(|name| bounce.attr(name));
        assert_eq!(is, ["error", ACCOUNT, AMY, "1"].map(Some));
        assert_eq!(
            (condition(&bounce), told(&bounce)),
            ("bad-request", ("value-error".to_owned(), how.to_owned()))
        );
    }
    for silent in ["type='error'", "type='groupchat'", "type='headline'"] {
        assert!(sent(AMY, silent, contact).await.is_empty(), "{silent}");
    }
    for copy in [
        "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>",
        "<sent xmlns='urn:xmpp:carbons:2'/>",
        "<x xmlns='http://jabber.org/protocol/muc#user'/>",
    ] {
        assert!(sent(AMY, "", &format!("{contact}{copy}")).await.is_empty(), "{copy}");
    }
    assert!(sent(DOMAIN, "", contact).await.is_empty());
    let taken_over = "<taken-over xmlns='it-se.me:register'><hash>ab</hash></taken-over>";
    assert!(sent(AMY, "", taken_over).await.is_empty(), "that is no request");
    let verify = "<verify xmlns='it-se.me:verify'><code>3991</code><hash>ab</hash></verify>";
    let [refused] = sent(AMY, "", verify).await.try_into().unwrap();
    assert_eq!(told(&refused).0, "not-found", "a code may come in a message");
}

/// Pidgin proposes the service for a search, and shows instructions, but not the text of an error.
#[tokio::test]
async fn a_search_is_answered_in_words_and_finds_nothing() {
    let (router, _folder) = router();
    let words = Language::English.search_none(&jid(ACCOUNT));
    for to in [DOMAIN, ACCOUNT]
        .map(|to| [to.to_owned(), format!("{to}/itseme")])
        .as_flattened()
    {
        let answer = asked(&router, to, "<query xmlns='jabber:iq:search'/>").await;
        let query = answer.get_child("query", ns::SEARCH).unwrap();
        let all: Vec<_> = query.children().map(|child| (child.name(), child.text())).collect();
        assert_eq!(all, [("instructions", words.clone())], "{to}");

        for wanted in ["", "<nick>amy</nick>", "<x xmlns='jabber:x:data' type='submit'/>"] {
            let search = format!("<query xmlns='jabber:iq:search'>{wanted}</query>");
            let refused = asked_by(&router, IqPayload::Set, to, &search).await;
            assert_eq!(
                (refused.attr("type"), condition(&refused)),
                (Some("error"), "not-allowed")
            );
            assert_eq!(told(&refused), ("none".to_owned(), words.clone()));
        }
        let info = asked(&router, to, "<query xmlns='http://jabber.org/protocol/disco#info'/>").await;
        assert!(
            !String::from(&info).contains(ns::SEARCH),
            "clients would propose it even more"
        );
    }
}

#[tokio::test]
async fn the_service_does_not_talk_with_itself() {
    let (router, _folder) = router();
    for from in [DOMAIN, ACCOUNT, NOBODY] {
        for to in [DOMAIN, ACCOUNT, NOBODY] {
            assert!(said(&router, from, to, MessageType::Chat, "help").await.is_empty());
        }
    }
}

/// The language that Prosody writes on the stanza would apply to texts without a language of their own.
#[tokio::test]
async fn texts_have_their_language_beside_them() {
    let (router, _folder) = router();
    let payloads = [
        (false, "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
        (false, "<query xmlns='jabber:iq:register'/>"),
        (false, "<query xmlns='jabber:iq:search'/>"),
        (false, "<vCard xmlns='vcard-temp'/>"),
        (
            true,
            "<command xmlns='http://jabber.org/protocol/commands' node='link'/>",
        ),
    ];
    for (is_set, payload) in payloads {
        let kind = if is_set { IqPayload::Set } else { IqPayload::Get };
        let header = IqHeader {
            from: Some(jid(AMY)),
            to: Some(jid(ACCOUNT)),
            id: "1".into(),
        };
        let asked = header.assemble(kind(payload.parse().unwrap()));
        let answer = router.answer(asked.into(), Some(Language::German)).await.remove(0);
        let answer: Element = std::str::from_utf8(&answer.serialise().unwrap())
            .unwrap()
            .parse()
            .unwrap();
        let answer = answer.children().next().unwrap();
        assert_eq!(answer.attr_ns(rxml::Namespace::xml(), "lang"), Some("de"), "{payload}");
    }
}

#[tokio::test]
async fn a_person_may_write_from_a_number_instead_of_getting_a_code() {
    let (router, _folder) = router();
    let providers = || ["xmpp".to_owned(), "phone".to_owned()].into();
    let inbox = crate::service::Inbox {
        address: "+447700900999".into(),
        prefixes: vec!["+".into()],
    };
    let settings = Settings {
        providers: providers(),
        inboxes: [("phone".to_owned(), inbox)].into(),
        ..Settings::default()
    };
    router.service.reload(settings, Default::default()).await;
    for (number, (text, told)) in [
        (
            "link phone +44 7700 900123 send",
            "Send this text from there to +447700900999; a chat",
        ),
        (
            "verknüpfe +44 7700 900124 senden",
            "Schick diesen Text von dort an +447700900999; eine",
        ),
        ("link +44 7700 900125", "A code is on its way"),
    ]
    .into_iter()
    .enumerate()
    {
        let writer = format!("person{number}@example.org/phone");
        let [answer] = said(&router, &writer, ACCOUNT, MessageType::Chat, text)
            .await
            .try_into()
            .unwrap();
        let body = answer.get_child("body", xmpp_parsers::ns::COMPONENT).unwrap().text();
        let plain: String = body
            .chars()
            .filter(|c| !('\u{2066}'..='\u{2069}').contains(c))
            .collect();
        assert!(plain.starts_with(told), "{plain}");
        assert_eq!(
            plain.ends_with(&format!(" person{number}@example.org")),
            number < 2,
            "{plain}"
        );
    }
}
