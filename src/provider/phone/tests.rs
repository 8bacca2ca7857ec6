//! Several gateways, each a server on the loopback interface.

#![allow(clippy::unwrap_used)]
mod calls;

use std::time::Duration;

use super::stand_in::{StandIn, letter, place, section_of, sms_of};
use crate::channel::sms::Sms;
use crate::channel::{Channel, SendError, Sent, Trouble};
use crate::provider::ProviderSection;

/// Two gateways, main and spare, and the channel with both in that order.
async fn two() -> (StandIn, StandIn, Sms) {
    let (main, spare) = (StandIn::start().await, StandIn::start().await);
    let sms = sms_of(&format!(
        "gateways.main = {{ preset = \"http\", url = \"{}\" }}\ngateways.spare = {{ preset = \"http\", url = \"{}\" }}",
        main.url, spare.url
    ));
    main.answers(200, "");
    spare.answers(200, "");
    (main, spare, sms)
}

async fn send(sms: &Sms) -> Sent {
    sms.send(&[letter("1", None)]).await.remove(0)
}

fn trouble(sent: Sent) -> Trouble {
    match sent {
        Err(SendError::Retry(trouble)) => trouble,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn what_one_refuses_the_next_sends_and_the_one_is_left() {
    let (main, spare, sms) = two().await;
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (1, 0));
    main.answers(503, "");
    for asked in [(1, 1), (1, 1), (0, 1), (0, 1)] {
        send(&sms).await.unwrap();
        assert_eq!((main.times(), spare.times()), asked);
    }
    // The one that was left is the last resort, if nobody else takes it.
    spare.answers(402, "");
    let told = trouble(send(&sms).await);
    assert!(told.reason.contains("spare: the gateway answered 402"), "{told:?}");
    assert!(
        told.was_read && told.cause.as_deref() == Some("no gateway takes messages to +"),
        "{told:?}"
    );
    send(&sms).await.unwrap_err();
    main.times();
    main.answers(200, "");
    send(&sms).await.unwrap();
    assert_eq!(main.times(), 1);
}

/// Another code may have been asked for meanwhile, which the outbox knows.
#[tokio::test]
async fn after_a_late_refusal_the_outbox_decides_and_the_next_gateway_is_first() {
    let (main, spare, sms) = two().await;
    main.answers(503, "");
    main.takes(Duration::from_secs(20));
    let told = trouble(send(&sms).await);
    assert!(told.reason.contains("main: the gateway answered 503"), "{told:?}");
    assert!(told.was_read && told.cause.is_none(), "no outage: {told:?}");
    assert_eq!((main.times(), spare.times()), (1, 0));
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (0, 1));
}

/// They are connected to, and say nothing: no time is left for a third one before the service may have to stop.
#[tokio::test(start_paused = true)]
async fn connecting_to_several_has_a_common_limit() {
    let silent = [(), ()].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [first, second] = [&silent[0], &silent[1]].map(|silent| silent.local_addr().unwrap());
    let third = StandIn::start().await;
    third.answers(200, "");
    let sms = sms_of(&format!(
        "gateways.a = {{ preset = \"http\", url = \"https://{first}\" }}\n\
         gateways.b = {{ preset = \"http\", url = \"https://{second}\" }}\n\
         gateways.c = {{ preset = \"http\", url = \"{}\" }}",
        third.url
    ));
    let told = trouble(send(&sms).await);
    assert!(told.reason.contains("a: ") && told.reason.contains("b: "), "{told:?}");
    assert!(!told.was_read && told.cause.is_none(), "{told:?}");
    assert_eq!(third.times(), 0);
    // The next try begins with it.
    tokio::time::resume();
    send(&sms).await.unwrap();
    assert_eq!(third.times(), 1);
}

#[tokio::test]
async fn what_one_may_have_taken_no_other_gets() {
    let (main, spare, sms) = two().await;
    main.hangs_up();
    let Err(SendError::Unclear(told)) = send(&sms).await else {
        unreachable!("nobody knows")
    };
    assert!(told.starts_with("main: "), "{told}");
    assert_eq!((main.times(), spare.times()), (1, 0));
    for status in [303, 408, 500, 502, 504] {
        let (main, spare, sms) = two().await;
        main.answers(status, "");
        assert!(matches!(send(&sms).await, Err(SendError::Unclear(_))), "{status}");
        assert_eq!((main.times(), spare.times()), (1, 0));
    }
    // A gateway that gives no answer is left at once.
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (0, 1));
}

#[tokio::test]
async fn what_is_wrong_with_the_number_ends_it_at_every_gateway() {
    let (main, spare, sms) = two().await;
    main.answers(422, "");
    for _ in 0..3 {
        assert!(matches!(send(&sms).await, Err(SendError::Fail(_))));
    }
    assert_eq!((main.times(), spare.times()), (3, 0));
}

#[tokio::test]
async fn one_that_cannot_be_reached_costs_nothing() {
    let spare = StandIn::start().await;
    spare.answers(200, "");
    let gone = crate::dial::fault::faulty::refusing();
    let sms = sms_of(&format!(
        "gateways.main = {{ preset = \"http\", url = \"http://127.0.0.1:{gone}\" }}\n\
         gateways.spare = {{ preset = \"http\", url = \"{}\" }}",
        spare.url
    ));
    send(&sms).await.unwrap();
    assert_eq!(spare.times(), 1);
    let alone = sms_of(&format!(
        "gateways.main = {{ preset = \"http\", url = \"http://127.0.0.1:{gone}\" }}"
    ));
    let told = trouble(send(&alone).await);
    assert_eq!((told.was_read, told.cause.as_deref()), (false, Some("down")));
}

#[tokio::test]
async fn while_a_gateway_wants_no_message_it_is_not_asked() {
    let (main, spare, sms) = two().await;
    main.asks_for_a_pause(77);
    send(&sms).await.unwrap();
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (1, 2));
    spare.asks_for_a_pause(777);
    send(&sms).await.unwrap_err();
    let told = trouble(send(&sms).await);
    assert_eq!((main.times(), spare.times()), (0, 1));
    let again = told.again.unwrap().as_secs();
    assert!(
        (1..=60).contains(&again) && !told.was_read && told.cause.is_some(),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_pause_concerns_the_message_alone_if_the_gateway_is_not_busy_or_the_only_one() {
    let (main, spare, sms) = two().await;
    main.refuses_for(403, 77);
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (1, 1));
    main.answers(200, "");
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (1, 0));
    let alone = sms_of(&format!(
        "gateways.main = {{ preset = \"http\", url = \"{}\" }}",
        main.url
    ));
    main.asks_for_a_pause(77);
    assert_eq!(trouble(send(&alone).await).again, Some(Duration::from_secs(77)));
    main.answers(200, "");
    send(&alone).await.unwrap();
}

#[tokio::test]
async fn after_a_reload_no_gateway_counts_as_left() {
    let metrics = crate::meters::enable().unwrap();
    let gone = crate::dial::fault::faulty::refusing();
    let section = format!("gateways.reloaded = {{ preset = \"http\", url = \"http://127.0.0.1:{gone}\" }}");
    for after in [&*section, &section.replace("reloaded", "other")] {
        send(&sms_of(&section)).await.unwrap_err();
        sms_of(after);
        let told = metrics.render();
        assert!(told.contains("itseme_gateway_used{gateway=\"reloaded\"} 1"), "{told}");
    }
}

#[tokio::test]
async fn another_code_goes_by_another_gateway() {
    let (main, spare, sms) = two().await;
    // After a restart, nobody remembers who had the first one.
    sms.send(&[letter("2", Some("1"))]).await.remove(0).unwrap();
    assert_eq!((main.times(), spare.times()), (0, 1));
    // Within a minute, it cannot be known that a code is stuck.
    sms.send(&[letter("3", Some("1"))]).await.remove(0).unwrap();
    assert_eq!((main.times(), spare.times()), (1, 0));
}

#[tokio::test]
async fn numbers_have_routes_and_gateways_have_shares() {
    let (main, spare) = (StandIn::start().await, StandIn::start().await);
    let section = |routes: &str| {
        format!(
            "gateways.main = {{ preset = \"http\", url = \"{}\" }}\ngateways.spare = {{ preset = \"http\", url = \"{}\" }}\n\
             [routes]\n{routes}",
            main.url, spare.url
        )
    };
    main.answers(200, "");
    spare.answers(200, "");
    let sms = sms_of(&section(
        "\"+\" = [\"main\"]\n\"+447\" = [\"spare\"]\n\"+49\" = [\"main\"]",
    ));
    send(&sms).await.unwrap();
    assert_eq!((main.times(), spare.times()), (0, 1));
    let sms = sms_of(&section("\"+44\" = [{ main = 1, spare = 3 }]"));
    for _ in 0..8 {
        send(&sms).await.unwrap();
    }
    assert_eq!((main.times(), spare.times()), (2, 6));
    // A share stands in for the other.
    spare.answers(503, "");
    for _ in 0..8 {
        send(&sms).await.unwrap();
    }
    assert_eq!(main.times(), 8);
}

#[tokio::test]
async fn a_check_names_every_gateway() {
    let (main, spare, sms) = two().await;
    main.answers(422, "");
    spare.answers(401, "");
    let told = sms.check().await.unwrap_err();
    assert!(
        told.contains("main: the gateway answered 422") && told.contains("; spare: "),
        "{told}"
    );
}

#[test]
fn a_range_is_less_than_a_country() {
    for (number, range) in [
        ("+447700900123", Some("+447700")),
        ("+14155550123", Some("+14155")),
        ("+37251234567", Some("+37251")),
        // Niue: all of its numbers have seven digits.
        ("+6834123", Some("+68341")),
        ("+1234", None),
    ] {
        assert_eq!(super::range(number), range, "{number}");
    }
}

#[tokio::test]
async fn a_check_says_if_no_number_can_be_proven_by_writing() {
    let server = StandIn::start().await;
    for (prefixes, is_told) in [("", true), ("prefixes = [\"+44\"]", false)] {
        let section = section_of(&format!(
            "gateway = \"http\"\nurl = \"{}\"\n[inbound]\nnumber = \"70707\"\ngateway = \"own\"\nsecret = \"0123456789abcdef\"\n{prefixes}",
            server.url
        ));
        server.answers(400, "");
        let told = section.try_out(&place()).await.unwrap();
        assert_eq!(told.contains("inbound proves no number"), is_told, "{told}");
    }
}
