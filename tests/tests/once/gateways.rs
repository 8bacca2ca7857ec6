//! Gateways for text messages: Kannel for real, and several of them.

use itseme_client::{Event, How, Session};
use itseme_tests::{AMY, Gateway, Http, Kannel, World, code_in, free_port, next_event, until_async, xml};

/// The log lines when an outage begins, and when it ends.
const BEGINS: &str = "messages cannot be sent";
const ENDS: &str = "messages can be sent again";

fn section(kannel: &Kannel, password: &str) -> String {
    format!(
        "[service]\nlanguage = 'es'\n[providers.phone]\nroutes = {{ '+' = ['kannel'] }}\n[providers.phone.gateways.kannel]\npreset = 'kannel'\napi_url = '{}'\nuser = '{}'\n\
         password = '{password}'\nfrom = 'it-se.me'",
        kannel.url(),
        Kannel::USER
    )
}

#[tokio::test]
async fn kannel_sends_codes_and_what_it_refuses_waits() {
    let mut kannel = Kannel::start().await;
    let mut world = World::with(&section(&kannel, Kannel::PASSWORD)).await;
    let output = world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the gateway answers"), "{said}");

    // Without an SMSC, it does not route.
    kannel.stops_smsc().await;
    let amy = world.client(&AMY).await;
    let hash = amy.register("phone", AMY.phone, false).await.unwrap().hash;
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("403") && told.contains("no SMSC of Kannel takes messages"), "{told}");
    kannel.starts_smsc().await;
    let text = kannel.take(AMY.phone).await.text;
    assert!(text.starts_with("It-se, ¿eres amy@localhost? Confirma con: "), "{text}");
    world.service.says(ENDS).await;
    assert!(amy.verify(&hash, &code_in(&text).unwrap()).await.unwrap());
    let log = world.service.log().text();
    assert!(!log.contains(&AMY.phone[1..]) && !log.contains(Kannel::PASSWORD), "{log}");
}

#[tokio::test]
async fn a_login_that_kannel_refuses_is_the_admins_to_mend() {
    let kannel = Kannel::start().await;
    let mut world = World::with(&section(&kannel, "hunter2")).await;
    let amy = world.client(&AMY).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("login is refused; mend user and password"), "{told}");
    assert!(!world.service.log().text().contains("hunter2"));
}

/// A world whose gateway is Twilio's stand-in, and a second one that is asked next.
async fn with_a_spare(wishes: &str) -> (World, Session, Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let spare = Gateway::start(folder.path()).await;
    let wishes = format!(
        "[providers.phone]\nroutes = {{ \"+\" = [\"twilio\", \"spare\"], \"+44770090119\" = [\"spare\"] }}\n\
         [providers.phone.gateways.spare]\npreset = \"http\"\nurl = \"{}/\"\ntoken = \"{}\"\n{wishes}",
        spare.url(),
        Gateway::TOKEN
    );
    let world = World::with(&wishes).await;
    let amy = world.client(&AMY).await;
    (world, amy, spare, folder)
}

fn number(n: usize) -> String {
    format!("+4477009011{n:02}")
}

async fn register(client: &Session, number: &str) {
    client.register("phone", number, false).await.unwrap();
}

#[tokio::test]
async fn what_one_gateway_refuses_another_sends_and_that_is_no_outage() {
    let port = free_port();
    let monitor = format!("[monitor]\nlisten = \"127.0.0.1:{port}\"");
    let (mut world, amy, spare, _folder) = with_a_spare(&monitor).await;
    register(&amy, &number(0)).await;
    world.gateway.take(&number(0)).await;
    world.gateway.answers(503, 0).await;
    for n in 1..5 {
        register(&amy, &number(n)).await;
        spare.take(&number(n)).await;
    }
    // It is left after two refusals.
    assert_eq!((world.gateway.asked().await, spare.asked().await), (3, 4));
    let told = world.service.says("a gateway fails, and is left for a while").await;
    assert!(told.contains("gateway=\"twilio\"") && told.contains("503"), "{told}");
    // Numbers with a longer route go there in any case.
    register(&amy, &number(90)).await;
    spare.take(&number(90)).await;
    world.service.has_sent_everything().await;
    let monitor = Http::new(port);
    let probe = async || {
        let metrics = monitor.get("/metrics").await.body;
        let has = |line: &str| metrics.lines().any(|found| found == line);
        let all = [
            "itseme_gateway_sends_total{gateway=\"twilio\",route=\"+\",result=\"sent\"} 1",
            "itseme_gateway_sends_total{gateway=\"twilio\",route=\"+\",result=\"retry\"} 2",
            "itseme_gateway_sends_total{gateway=\"spare\",route=\"+\",result=\"sent\"} 4",
            "itseme_gateway_sends_total{gateway=\"spare\",route=\"+44770090119\",result=\"sent\"} 1",
            "itseme_gateway_used{gateway=\"twilio\"} 0",
            "itseme_gateway_used{gateway=\"spare\"} 1",
            "itseme_sending{queue=\"phone\"} 1",
        ];
        assert!(!metrics.contains(&number(1)[1..]));
        all.into_iter().all(has).then_some(())
    };
    until_async("the counts of both gateways", probe, || world.service.log().tail()).await;
    // When both refuse, it is an outage, and one line.
    spare.answers(402, 0).await;
    register(&amy, &number(5)).await;
    register(&amy, &number(6)).await;
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("spare: the gateway answered 402"), "{told}");
    spare.answers(0, 0).await;
    spare.take(&number(5)).await;
    spare.take(&number(6)).await;
    world.service.says(ENDS).await;
    let log = world.service.log();
    assert_eq!((log.count(BEGINS), log.count(ENDS)), (1, 1), "{}", log.tail());
    assert!((0..7).all(|n| !log.text().contains(&number(n)[1..])), "{}", log.tail());
}

#[tokio::test]
async fn what_a_gateway_may_have_taken_goes_by_another_only_if_the_person_asks() {
    let (mut world, amy, mut spare, _folder) = with_a_spare("").await;
    world.gateway.takes_first(true).await;
    world.gateway.hangs_up(true).await;
    register(&amy, &number(0)).await;
    world.gateway.take(&number(0)).await;
    world.service.has_sent_everything().await;
    assert_eq!(spare.asked().await, 0);
    // After a restart nobody remembers who had it: the first one of the route, most likely.
    world.gateway.hangs_up(false).await;
    world.service.terminate().await;
    world.service.start().await;
    let amy = world.client(&AMY).await;
    register(&amy, &number(0)).await;
    let again = amy.register("phone", &number(0), true).await.unwrap();
    let code = spare.take(&number(0)).await.code();
    assert_eq!((world.gateway.asked().await, spare.asked().await), (1, 1));
    assert!(amy.verify(&again.hash, &code).await.unwrap());
    // A gateway that is down costs nothing, and others go on.
    spare.stop().await;
    register(&amy, &number(90)).await;
    world.service.says("gateway cannot be reached").await;
    register(&amy, &number(1)).await;
    world.gateway.take(&number(1)).await;
}

/// A section for metrics, and the way to them.
fn monitor() -> (String, Http) {
    let port = free_port();
    (format!("\n[monitor]\nlisten = \"127.0.0.1:{port}\"\n"), Http::new(port))
}

async fn counts(world: &World, monitor: &Http, line: &str) {
    let probe = async || {
        let metrics = monitor.get("/metrics").await.body;
        metrics.lines().any(|found| found == line).then_some(())
    };
    until_async(line, probe, || world.service.log().tail()).await;
}

#[tokio::test]
async fn twilio_reports_that_a_code_does_not_arrive() {
    let (section, monitor) = monitor();
    let mut world = World::with(&format!("[limits]\nresend_after = \"1s\"\n{section}")).await;
    let amy = world.client(&AMY).await;
    world.gateway.reports("undelivered").await;
    let hash = amy.register("phone", AMY.phone, false).await.unwrap().hash;
    let lost = world.gateway.take(AMY.phone).await.code();
    world.service.says("a gateway reports that a code does not arrive").await;
    counts(&world, &monitor, "itseme_gateway_reports_total{gateway=\"twilio\",result=\"failed\"} 1").await;
    // The first one had a wrong signature.
    let probe = async || (world.gateway.reported().await == serde_json::json!([404, 200])).then_some(());
    until_async("the answers to the reports", probe, || world.service.log().tail()).await;
    let wrong = if lost == "0000" { "1111" } else { "0000" };
    let told = amy.verify(&hash, wrong).await.unwrap_err();
    assert!(format!("{told:?}").contains("undelivered"), "{told:?}");
    world.gateway.reports("").await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    let code = world.gateway.take(AMY.phone).await.code();
    assert!(amy.verify(&hash, &code).await.unwrap());
    for (result, count) in [("asked", 2), ("failed", 1), ("entered", 1)] {
        let line = format!(
            "itseme_prefix_codes_total{{provider=\"phone\",prefix=\"+\",result=\"{result}\"}} {count}"
        );
        counts(&world, &monitor, &line).await;
    }
    assert!(!world.service.log().text().contains(&AMY.phone[1..]));
}

#[tokio::test]
async fn kannel_reports_what_became_of_a_code() {
    let kannel = Kannel::start().await;
    let (monitored, monitor) = monitor();
    let world = World::with(&format!("{}\n{monitored}", section(&kannel, Kannel::PASSWORD))).await;
    let amy = world.client(&AMY).await;
    let hash = amy.register("phone", AMY.phone, false).await.unwrap().hash;
    let text = kannel.take(AMY.phone).await.text;
    counts(&world, &monitor, "itseme_gateway_reports_total{gateway=\"kannel\",result=\"other\"} 1").await;
    assert!(amy.verify(&hash, &code_in(&text).unwrap()).await.unwrap());
}

/// The settings of the messages that people write, from that gateway.
fn inbound(gateway: &str, secret: &str) -> String {
    format!(
        "[providers.phone.inbound]\nnumber = '+447700900999'\nprefixes = ['+4477']\ngateway = '{gateway}'\n{secret}"
    )
}

const SECRET: &str = "0123456789abcdef";

async fn asks_to_write(client: &Session) -> (String, String) {
    let asked = client.register_by(How::Send, "phone", AMY.phone, false).await.unwrap();
    let send = asked.send.unwrap();
    assert_eq!(send.to, "+447700900999");
    (asked.hash, send.text)
}

/// The service tells that the hash is linked, for people and programs.
async fn is_told(client: &Session, hash: &str) {
    let linked = |event| match event {
        Event::Verified { hash, confirmed: true, .. } => Some(hash),
        _ => None,
    };
    assert_eq!(next_event(client, linked).await, hash);
}

#[tokio::test]
async fn a_text_message_through_kannel_proves_its_sender() {
    let (monitored, monitor) = monitor();
    let mut world = World::with(&monitored).await;
    let url = format!("http://127.0.0.1:{}/inbound/kannel/{SECRET}", world.service.http_port());
    let mut kannel = Kannel::start_passing_to(Some(&url), "max-messages = 0").await;
    let amy = world.client(&AMY).await;
    let refused = amy.register_by(How::Send, "phone", AMY.phone, false).await.unwrap_err();
    assert!(format!("{refused:?}").contains("value-error"), "{refused:?}");
    let settings = inbound("kannel", &format!("secret = '{SECRET}'"));
    let read = world.service.reload(&settings).await;
    assert!(!read.contains("ERROR"), "{read}");
    let (hash, text) = asks_to_write(&amy).await;
    // Somebody else's number, and text that proves nothing.
    kannel.arrives("+447700900124", &text).await;
    counts(&world, &monitor, "itseme_texts_received_total{gateway=\"kannel\",result=\"unknown\"} 1").await;
    kannel.arrives("AMY", &text).await;
    counts(&world, &monitor, "itseme_texts_received_total{gateway=\"kannel\",result=\"ignored\"} 1").await;
    let word = text.split(' ').next().unwrap().to_owned();
    assert!(amy.verify(&hash, &word).await.is_err());
    kannel.arrives(&AMY.phone[1..], &text).await;
    is_told(&amy, &hash).await;
    counts(&world, &monitor, "itseme_texts_received_total{gateway=\"kannel\",result=\"linked\"} 1").await;
    assert_eq!(amy.links().await.unwrap().len(), 2);
    // Nothing was sent back, and nothing is told of anybody.
    assert!(!kannel.smsc_log().contains("Empty reply"), "{}", kannel.smsc_log());
    let log = world.service.log().text();
    assert!(!log.contains(&AMY.phone[1..]) && !log.contains(SECRET) && !log.contains(&word), "{log}");
    let wrong = Http::new(world.service.http_port());
    for path in ["/inbound/kannel/0123456789abcdee", "/inbound/kannel", "/inbound/twilio"] {
        let answer = wrong.get(&format!("{path}?from=447700900123&text=12345678")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_text_message_through_twilio_counts_with_its_signature_alone() {
    let world = World::with(&inbound("twilio", "")).await;
    let amy = world.client(&AMY).await;
    let (hash, text) = asks_to_write(&amy).await;
    let url = format!("http://127.0.0.1:{}/inbound/twilio", world.service.http_port());
    let said = world.gateway.passes_on(&url, AMY.phone, &text).await;
    assert_eq!(
        (world.gateway.reported().await, said.as_str()),
        (serde_json::json!([404, 200]), "<Response/>")
    );
    is_told(&amy, &hash).await;
    assert_eq!(amy.links().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_code_is_read_out_in_a_call_if_somebody_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Gateway::start(folder.path()).await;
    let wishes = format!("[limits]\nresend_after = '0s'\n{}", calls.section_for_calls());
    let world = World::with(&wishes).await;
    let amy = world.client(&AMY).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    let text = world.gateway.take(AMY.phone).await.text;
    amy.register_by(How::Call, "phone", AMY.phone, false).await.unwrap();
    let said = calls.take(AMY.phone).await.text;
    assert!(said.starts_with("en-US: Hello. The Jabber account amy at localhost asks"), "{said}");
    let spoken = said.split("enter this code: ").nth(1).unwrap().split('.').next().unwrap();
    let hash = amy.register_by(How::Call, "phone", AMY.phone, false).await.unwrap().hash;
    let former = code_in(&text).unwrap();
    let digits = spoken.replace(", ", "");
    assert!(former == digits || amy.verify(&hash, &former).await.is_err());
    assert!(amy.verify(&hash, spoken).await.unwrap());
    assert!(amy.register_by(How::Call, "email", AMY.email, false).await.is_err());
    assert!(form_of_link(&amy).await.contains("var='how'"));
    assert!(!world.service.log().text().contains(&AMY.phone[1..]));
}

/// Returns the form of the command `link` for a number.
async fn form_of_link(client: &Session) -> String {
    let ask = async |session: &str, form: &str| {
        let command = format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='link' {session}>{form}</command>"
        );
        client.ask_service(xml::parse(&command), true).await.unwrap().unwrap()
    };
    let begun = ask("", "").await;
    let session = format!("sessionid='{}'", begun.attr("sessionid").unwrap());
    let phone =
        "<x xmlns='jabber:x:data' type='submit'><field var='provider'><value>phone</value></field></x>";
    String::from(&ask(&session, phone).await)
}
