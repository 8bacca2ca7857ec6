//! Messages that come back: from another server, which is away, stands still or refuses them (two Prosodys that federate), and from a
//! server that keeps no more for who is offline (ejabberd, as deployed).

use itseme_client::{Event, Identity, Session};
use itseme_tests::{
    AMY, AMY_THERE, EVE_HERE, MICHAEL, MICHAEL_HERE, Neighbours, Person, World, introduction, next_event,
    until, until_async, xml,
};
use tokio::time::{Duration, Instant, sleep_until};

/// How long the server waits for a stream of another (`s2s_timeout`; by default 90): longer than the service keeps what goes to
/// its own server's people.
const LATE: &str = "s2s_timeout = 12";

/// Amy links her JID, and logs out.
async fn amy_is_linked(world: &Neighbours) {
    let amy = world.client(&AMY_THERE).await;
    amy.register("xmpp", AMY_THERE.jid, false).await.unwrap();
}

/// Has `asker` ask for contact with Amy.
async fn ask(world: &Neighbours, asker: &Person) {
    let session = world.client(asker).await;
    session.register("xmpp", asker.jid, false).await.unwrap();
    let details = [Identity::new("xmpp", asker.jid).unwrap()];
    session.contact(&details, &[AMY_THERE.jid_hash()]).await.unwrap();
}

/// Waits until the outbox is as wanted.
async fn outbox_is(world: &Neighbours, wanted: &str) {
    let probe = || (world.service.kept() == wanted).then_some(());
    until(wanted, probe, || format!("{}\n{}", world.service.kept(), world.service.log().tail())).await;
}

/// Who asks in the next introduction.
async fn next_asker(amy: &Session) -> String {
    let introduced = introduction(amy).await;
    let contact = xml::child(&introduced, "contact", "it-se.me:contact");
    xml::text(contact, "jid", "it-se.me:contact")
}

#[tokio::test]
async fn what_a_frozen_server_makes_come_back_late_is_sent_again_though_the_service_was_restarted() {
    let mut world = Neighbours::start(LATE, "").await;
    amy_is_linked(&world).await;
    // The connection of before is gone, and there will be none that is answered.
    world.there.restart().await;
    world.there.freeze();
    ask(&world, &MICHAEL_HERE).await;
    outbox_is(&world, "1 taken, 0 returns").await;
    assert!(world.service.terminate().await.success());
    world.service.start().await;
    outbox_is(&world, "0 taken, 1 returns").await;
    world.there.go_on();
    outbox_is(&world, "1 taken, 1 returns").await;
    // Once, and nothing else before what comes now.
    ask(&world, &EVE_HERE).await;
    outbox_is(&world, "2 taken, 1 returns").await;
    let amy = world.client(&AMY_THERE).await;
    assert_eq!(next_asker(&amy).await, MICHAEL_HERE.jid);
    assert_eq!(next_asker(&amy).await, EVE_HERE.jid);
}

#[tokio::test]
async fn what_another_server_has_is_not_sent_again_when_the_service_is_restarted() {
    let mut world = Neighbours::start("", "").await;
    amy_is_linked(&world).await;
    ask(&world, &MICHAEL_HERE).await;
    outbox_is(&world, "1 taken, 0 returns").await;
    for _ in 0..2 {
        assert!(world.service.terminate().await.success());
        world.service.start().await;
    }
    world.service.kill();
    world.service.start().await;
    ask(&world, &EVE_HERE).await;
    outbox_is(&world, "2 taken, 0 returns").await;
    let amy = world.client(&AMY_THERE).await;
    assert_eq!(next_asker(&amy).await, MICHAEL_HERE.jid);
    assert_eq!(next_asker(&amy).await, EVE_HERE.jid);
}

#[tokio::test]
async fn nobody_else_can_have_a_message_sent_again_or_push_a_real_bounce_out_of_memory() {
    let mut world = Neighbours::start(LATE, "").await;
    amy_is_linked(&world).await;
    world.there.restart().await;
    world.there.freeze();
    ask(&world, &MICHAEL_HERE).await;
    let mut eve = world.raw(&EVE_HERE).await;
    for n in 0..6000 {
        let error =
            "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        eve.send(&format!("<message type='error' id='{n:032x}' to='itseme.here.example'>{error}</message>"))
            .await;
    }
    outbox_is(&world, "0 taken, 1 returns").await;
}

/// What a server says within 20 s of its start counts for nothing; the service takes its own connection for that.
async fn the_server_has_run_for_long_enough(connected: Instant) {
    sleep_until(connected + Duration::from_secs(21)).await;
}

/// The lines in which the admin reads why messages come back.
fn reasons(world: &Neighbours) -> Vec<String> {
    let log = world.service.whole_log();
    let log = String::from_utf8(log).unwrap();
    assert!(!log.contains(AMY_THERE.jid), "{log}");
    log.lines().filter(|line| line.contains("messages come back")).map(str::to_owned).collect()
}

#[tokio::test]
async fn whoever_gets_the_jid_of_a_deleted_account_gets_none_of_its_links() {
    const DAY: i64 = 24 * 60 * 60;
    let mut world = Neighbours::prepare("", "").await;
    world.service.with_a_clock_to_set();
    world.service.start().await;
    let connected = Instant::now();
    amy_is_linked(&world).await;
    world.there.delete_account(&AMY_THERE);
    the_server_has_run_for_long_enough(connected).await;
    ask(&world, &MICHAEL_HERE).await;
    outbox_is(&world, "0 taken, 1 returns").await;
    outbox_is(&world, "0 taken, 2 returns").await;
    // On the next day, and five days later: it is due when the server has run for long enough.
    for (days, outbox) in [(1, "0 taken, 3 returns"), (6, "0 taken, 0 returns")] {
        assert!(world.service.terminate().await.success());
        world.service.set_clock(days * DAY - days.min(2) * 30);
        world.service.start().await;
        outbox_is(&world, outbox).await;
    }
    let reasons = reasons(&world);
    // Once for each start.
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    for reason in reasons {
        assert!(reason.contains("service-unavailable") && reason.contains("there.example"), "{reason}");
        assert!(reason.contains("nobody is there"), "{reason}");
    }

    world.there.add_account(&AMY_THERE);
    let amy = world.client(&AMY_THERE).await;
    // That she was missed is stored a second later.
    let without_links = async || amy.links().await.unwrap().is_empty().then_some(());
    until_async("links that have lost their proofs", without_links, || world.service.log().tail()).await;
    ask(&world, &EVE_HERE).await;
    let asked = next_event(&amy, |event| match event {
        Event::Notice { body, .. } => Some(body),
        Event::Introduction { raw, .. } => panic!("{}", String::from(&raw)),
        _ => None,
    });
    assert!(asked.await.contains("link it again"));
    amy.register("xmpp", AMY_THERE.jid, false).await.unwrap();
    assert_eq!(amy.links().await.unwrap(), [AMY_THERE.jid_hash()]);
}

#[tokio::test]
async fn what_a_server_refuses_is_tried_again_soon_once_and_told_once() {
    let world = Neighbours::start("", "").await;
    let connected = Instant::now();
    amy_is_linked(&world).await;
    let mut amy = world.raw(&AMY_THERE).await;
    let list = "<item jid='itseme.here.example'/>";
    let blocked =
        amy.ask("set", AMY_THERE.jid, &format!("<block xmlns='urn:xmpp:blocking'>{list}</block>")).await;
    assert_eq!(blocked.attr("type"), Some("result"));
    the_server_has_run_for_long_enough(connected).await;
    ask(&world, &MICHAEL_HERE).await;
    ask(&world, &EVE_HERE).await;
    outbox_is(&world, "0 taken, 2 returns").await;
    assert_eq!(reasons(&world).len(), 1);
    let unblocked =
        amy.ask("set", AMY_THERE.jid, &format!("<unblock xmlns='urn:xmpp:blocking'>{list}</unblock>")).await;
    assert_eq!(unblocked.attr("type"), Some("result"));
    let mut asked = Vec::new();
    for _ in 0..2 {
        let message = amy.next_that(|stanza| stanza.name() == "message").await;
        let contact = xml::child(&message, "contact", "it-se.me:contact");
        asked.push(xml::text(contact, "jid", "it-se.me:contact"));
    }
    asked.sort();
    assert_eq!(asked, [EVE_HERE.jid, MICHAEL_HERE.jid]);
}

#[tokio::test]
async fn a_server_that_is_off_is_tried_again() {
    let mut world = Neighbours::start("", "").await;
    let connected = Instant::now();
    amy_is_linked(&world).await;
    world.there.stop().await;
    the_server_has_run_for_long_enough(connected).await;
    ask(&world, &MICHAEL_HERE).await;
    outbox_is(&world, "0 taken, 1 returns").await;
    world.there.restart().await;
    outbox_is(&world, "1 taken, 1 returns").await;
    let reasons = reasons(&world);
    assert!(reasons.len() == 1 && reasons[0].contains("remote-server-not-found"), "{reasons:?}");
    let amy = world.client(&AMY_THERE).await;
    assert_eq!(next_asker(&amy).await, MICHAEL_HERE.jid);
}

#[tokio::test]
async fn what_a_full_store_gives_back_is_in_the_archive_and_sent_no_more_today() {
    let world = World::attached_to("ejabberd-deployed").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    amy.close().await;
    let mut writer = world.raw(&MICHAEL).await;
    // Ten are kept.
    for n in 0..11 {
        let message =
            format!("<message type='chat' id='{n}' to='{}'><body>number {n}</body></message>", AMY.jid);
        writer.send(&message).await;
    }
    writer.next_that(|stanza| stanza.attr("type") == Some("error")).await;

    let michael = world.client(&MICHAEL).await;
    michael.register("xmpp", MICHAEL.jid, false).await.unwrap();
    let details = [Identity::new("xmpp", MICHAEL.jid).unwrap()];
    michael.contact(&details, &[AMY.phone_hash()]).await.unwrap();
    let log = world.service.log();
    until("the reason", || log.line_with("storage is full; they are only archived"), || log.tail()).await;
    let returns = || (world.service.kept() == "0 taken, 1 returns").then_some(());
    until("the message to be put off", returns, || log.tail()).await;
    assert_eq!(world.raw(&AMY).await.archived("it-se.me:contact").await, 1);
}
