//! Identities that are proven by signing in.

use super::*;

#[tokio::test]
async fn a_sign_in_expires_and_can_be_begun_anew() {
    let it = Fixture::new();
    let old = it.register(&amy(), "octo", "@Amy").await.unwrap().goto.unwrap();
    assert_eq!(it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap(), old);
    it.clock.advance(10 * MINUTE);
    assert_eq!(failure(it.sign_in(&old, "amy").await), OAuthFailure::ForeignState);
    let new = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    assert_ne!(new, old);
    assert_eq!(failure(it.sign_in(&old, "amy").await), OAuthFailure::ForeignState);
    assert!(matches!(it.sign_in(&new, "eve").await, Err(Error::WrongUser)));
    // Another account, at providers that allow such names.
    for odd in [" amy", "@amy", "amy "] {
        assert!(matches!(it.sign_in(&new, odd).await, Err(Error::WrongUser)), "{odd}");
    }
    let signed_in = it.sign_in(&new, "AMY").await.unwrap();
    assert_eq!(signed_in.target, amy());
    // Nothing is linked before the person who signed in agrees.
    assert!(!it.confirms(&amy(), &hash("octo", "amy")).await);
    assert_eq!(
        failure(it.sign_in(&new, "amy").await),
        OAuthFailure::ForeignState,
        "another answer"
    );
    it.verify_http(&hash("octo", "amy"), signed_in.code.as_str())
        .await
        .unwrap();
    assert!(it.confirms(&amy(), &hash("octo", "amy")).await);
    let told = it.sent(Queue::XMPP).await;
    assert!(matches!(&told[..], [Message::Linked { .. }]), "{}", told.len());
}

/// Returns `true` if who signs in as `name` proves `registered`.
async fn proves(provider: &str, registered: &str, name: &str) -> bool {
    let it = Fixture::new();
    let state = it.register(&amy(), provider, registered).await.unwrap().goto.unwrap();
    let callback = Callback {
        state: Some(state),
        code: Some(name.into()),
        ..Callback::default()
    };
    let finished = it.service.finish_sign_in(&hash(provider, registered), callback).await;
    match finished {
        Ok(_) => true,
        Err(Error::WrongUser) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_letters_beyond_ascii_must_not_be_folded() {
    for (registered, name) in [
        ("Jürgen", "jürgen"),
        ("jürgen", "Jürgen"),
        ("jürgen", "JüRGEN"),
        ("straße", "Straße"),
        ("日本", "日本"),
    ] {
        assert!(proves("octo", registered, name).await, "{registered} {name}");
    }
    // The provider may fold them otherwise, or not at all.
    for (registered, name) in [("jürgen", "JÜRGEN"), ("kim", "\u{212a}im"), ("istanbul", "İstanbul")] {
        assert!(!proves("octo", registered, name).await, "{registered} {name}");
    }
}

#[tokio::test]
async fn where_case_matters_no_name_with_capitals_proves_another() {
    assert!(proves("case", "Octo", "octo").await);
    assert!(!proves("case", "octo", "Octo").await);
    assert!(!proves("case", "Octo", "Octo").await);
    assert!(proves("octo", "octo", "Octo").await);
}

#[tokio::test]
async fn a_sign_in_is_no_code() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let id = hash("octo", "amy");
    assert_eq!(failure(it.verify(&amy(), &id, &state).await), OAuthFailure::NoState);
    // Over HTTP, another answer would reveal that somebody is signing in.
    for code in ["1234", "123456789012"] {
        assert_eq!(code_of(it.verify_http(&id, code).await), "not_found");
    }
    assert_eq!(code_of(it.service.verify_any_native(&amy(), &state).await), "not_found");
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert!(matches!(it.sign_in(&state, "amy").await, Err(Error::NotRegistered)));
}

#[tokio::test]
async fn another_providers_answer_does_not_count() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let from = async |issuer: &str| {
        let callback = Callback {
            state: Some(state.clone()),
            code: Some("amy".into()),
            issuer: Some(issuer.into()),
            error: None,
        };
        it.service.finish_sign_in(&hash("octo", "amy"), callback).await
    };
    assert_eq!(failure(from("https://evil.example").await), OAuthFailure::ForeignState);
    assert!(from("https://octo.example").await.is_ok());
}

#[tokio::test]
async fn a_browser_may_come_back_twenty_times() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    for _ in 0..20 {
        assert!(matches!(it.sign_in(&state, "eve").await, Err(Error::WrongUser)));
    }
    assert_eq!(failure(it.sign_in(&state, "amy").await), OAuthFailure::ForeignState);
}

#[tokio::test]
async fn sign_ins_do_not_count_as_codes() {
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    for n in 0..20 {
        let name = format!("name{n}");
        it.service
            .register_http(&amy(), "octo", &name, false, None)
            .await
            .unwrap();
    }
    let refused = it.service.register_http(&amy(), "octo", "more", false, None).await;
    assert_eq!(code_of(refused), "request_limit_reached");
    // Neither her own sign-ins nor her codes suffer from what anybody asks for over HTTP.
    it.register(&amy(), "octo", "amy").await.unwrap();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.register(&michael(), "octo", "amy").await.unwrap();
}

#[tokio::test]
async fn nobody_uses_up_a_sign_in_that_its_target_has_begun() {
    let it = Fixture::with_both().await;
    // Begun by anybody, and then by the target: that is another.
    let anybodys = it
        .service
        .register_http(&amy(), "octo", "amy", false, None)
        .await
        .unwrap();
    let amys = it.register(&amy(), "octo", "amy").await.unwrap();
    assert_ne!(anybodys.goto, amys.goto);
    for resend in [false, true] {
        let asked = it
            .service
            .register_http(&amy(), "octo", "amy", resend, None)
            .await
            .unwrap();
        assert!(asked.goto.is_some() && asked.goto != amys.goto);
        let refused = it.sign_in(&asked.goto.unwrap(), "amy").await;
        assert_eq!(failure(refused), OAuthFailure::ForeignState);
    }
    let signed_in = it.sign_in(&amys.goto.unwrap(), "amy").await.unwrap();
    it.service
        .register_http(&amy(), "octo", "amy", true, None)
        .await
        .unwrap();
    it.verify_http(&hash("octo", "amy"), signed_in.code.as_str())
        .await
        .unwrap();
}

#[tokio::test]
async fn one_server_has_but_some_of_the_sign_ins_under_a_name() {
    let it = Fixture::new();
    let mut begun = 0;
    for n in 0..40 {
        let eve = jid(&format!("eve{n}@s{n}.evil.example"));
        begun += u32::from(it.register(&eve, "octo", "amy").await.is_ok());
    }
    assert_eq!(begun, 20);
    it.register(&amy(), "octo", "amy").await.unwrap();
}

#[tokio::test]
async fn the_page_after_a_sign_in_can_be_opened_again_until_its_button_is_pressed() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let first = it.sign_in(&state, "Amy").await.unwrap();
    assert_eq!((first.name.as_str(), first.target), ("Amy", amy()));
    // More often than a browser may come back with new answers, and than a code may be guessed at.
    for _ in 0..30 {
        let again = it.sign_in(&state, "Amy").await.unwrap();
        assert_eq!((again.name.as_str(), again.code.as_str()), ("Amy", first.code.as_str()));
        assert_eq!((again.hash, again.target), (first.hash, amy()));
    }
    // Whoever has not the whole address sees nothing.
    for (state, code) in [(state.as_str(), "amy"), (state.as_str(), ""), ("another", "Amy")] {
        assert_eq!(
            failure(it.sign_in(state, code).await),
            OAuthFailure::ForeignState,
            "{code}"
        );
    }
    it.verify_http(&hash("octo", "amy"), first.code.as_str()).await.unwrap();
    assert_eq!(code_of(it.sign_in(&state, "Amy").await), "not_found");

    it.service.forget_native(&amy(), &[hash("octo", "amy")]).await.unwrap();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    it.sign_in(&state, "Amy").await.unwrap();
    it.clock.advance(10 * MINUTE);
    assert_eq!(failure(it.sign_in(&state, "Amy").await), OAuthFailure::ForeignState);
}

#[tokio::test]
async fn the_page_can_be_opened_again_under_another_key() {
    for steps in 0..3 {
        let it = Fixture::new();
        let state = it.register(&amy(), "octo", "@Amy").await.unwrap().goto.unwrap();
        let first = it.sign_in(&state, "AMY").await.unwrap();
        let other = Keys::new(&zeroize::Zeroizing::new([8; 32]));
        it.service.begin(other, steps).await;
        let again = it.sign_in(&state, "AMY").await.unwrap();
        assert_eq!((again.name.as_str(), again.code.as_str()), ("AMY", first.code.as_str()));
        it.verify_http(&hash("octo", "amy"), first.code.as_str()).await.unwrap();
    }
}

#[tokio::test]
async fn browsers_are_sent_on_to_the_page_and_to_the_named_origins_alone() {
    let it = Fixture::with(|settings| {
        settings.next_origins = ["https://app.example.org".to_owned()].into();
        settings.page_url = Some("https://example.org/itseme/".into());
    });
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    let register = async |next: &str| it.service.register_http(&amy(), "octo", "amy", false, Some(next)).await;
    for next in [
        "https://example.org/itseme/",
        "https://Example.org:443/itseme/?lang=de",
        "https://app.example.org",
        "https://app.example.org/anywhere?x=1#there",
    ] {
        assert!(register(next).await.unwrap().goto.is_some(), "{next}");
    }
    for next in [
        "https://example.org/",
        "https://example.org/itseme",
        "https://example.org/redirect?to=https://evil.example",
        "https://example.org/itseme/v1/register/phone/+447700900123/amy@example.org",
        "https://example.org/itseme/../redirect",
        "https://example.org/itseme/#v1",
        "http://example.org/itseme/",
        "https://example.org:8443/itseme/",
        "https://u:p@example.org/itseme/",
        "https://u@app.example.org/",
        "https://:p@app.example.org/",
        "https://app.example.org.evil.example/",
        "javascript:alert(1)",
        "/itseme/",
    ] {
        assert_eq!(code_of(register(next).await), "value_error", "{next}");
    }
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    let asked = it
        .service
        .register_http(&amy(), "octo", "amy", false, Some("https://example.org/"))
        .await;
    assert_eq!(code_of(asked), "value_error");
}

#[tokio::test]
async fn a_program_does_not_finish_what_a_browser_has_begun() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let page = it.sign_in(&state, "amy").await.unwrap();
    let as_program = async || {
        let finish = FinishSignIn {
            hash: Hash::of("octo", "amy"),
            callback: Callback {
                state: Some(state.clone()),
                code: Some("amy".into()),
                ..Callback::default()
            },
            is_page: false,
        };
        it.service.call_http(finish).await
    };
    assert_eq!(failure(as_program().await), OAuthFailure::ForeignState);
    // The page stays as it was.
    let again = it.sign_in(&state, "amy").await.unwrap();
    assert_eq!(again.code.as_str(), page.code.as_str());
    it.verify_http(&hash("octo", "amy"), page.code.as_str()).await.unwrap();
    assert_eq!(code_of(as_program().await), "not_found");
}

#[tokio::test]
async fn a_page_that_is_loaded_several_times_at_once_is_the_same() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let loads = (0..4).map(|_| it.sign_in(&state, "Amy"));
    let loads = futures::future::join_all(loads).await;
    let codes = loads.into_iter().map(|load| load.unwrap().code.as_str().to_owned());
    let codes: Vec<String> = codes.collect();
    assert!(codes.iter().all(|code| *code == codes[0]));
    it.verify_http(&hash("octo", "amy"), &codes[0]).await.unwrap();
}

#[tokio::test]
async fn the_box_of_one_sign_in_alone_is_opened_for_a_browser_that_comes_back() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    for n in 0..5 {
        let other = jid(&format!("rory{n}@example.net"));
        it.register(&other, "octo", "amy").await.unwrap();
    }
    let owner = crate::model::hex::write(&keys().owner(&amy()).0);
    it.tamper(&format!("UPDATE pending SET box = x'00' WHERE owner_mac <> x'{owner}'"))
        .await;
    let opened = || {
        it.service
            .frame
            .load()
            .broken
            .0
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    let begun = opened();
    // Only to find out if the hash is that of a spelling.
    let found = it
        .service
        .change(|core, tx| core.waiting_hash(tx, &Hash::of("octo", "amy")).map(drop));
    found.await.unwrap();
    let to_find = opened() - begun;
    it.sign_in(&state, "Amy").await.unwrap();
    assert_eq!(opened() - begun, 2 * to_find);
}
