//! A suppressed recipient is never written to again, and nobody can find out who is suppressed.

use itseme_client::{Session, Status};
use itseme_tests::{AMY, EVE, Form, Http, MICHAEL, Mail, Needle, RawClient, Reply, SERVICE, World, find};
use reqwest::Method;
use serde_json::json;

/// The page that a mail's link leads to, without the service's address.
fn page_in(mail: &Mail) -> String {
    let at = mail.text.find("/stop/").unwrap_or_else(|| panic!("no link in {mail:?}"));
    let path: String = mail.text[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    assert!(mail.html.contains(&path), "{mail:?}");
    path
}

async fn press(http: &Http, path: &str, form: &Form) -> Reply {
    assert_eq!((form.method.as_str(), form.action.as_str()), ("post", "?"));
    Reply::to(http.request(Method::POST, path).form(&form.fields)).await
}

/// Asks for one more code for Amy's address, which is answered as ever.
async fn ask_for_mail(amy: &Session) {
    let registered = amy.register("email", AMY.email, true).await.unwrap();
    assert_eq!(registered.hash, AMY.email_hash());
    assert_eq!(registered.status, Status::Pending);
}

/// One more mail was asked for, everything that was to be sent is, and none has come.
async fn gets_no_mail(world: &World, amy: &Session) {
    ask_for_mail(amy).await;
    world.service.has_sent_everything().await;
    assert!(world.mail.take_now(AMY.email).is_none());
}

#[tokio::test]
async fn the_link_in_a_mail_ends_them_and_brings_them_back() {
    let mut world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    ask_for_mail(&amy).await;
    let path = page_in(&world.mail.take(AMY.email).await);

    // A scanner that follows links changes nothing.
    for _ in 0..2 {
        let page = Reply::to(http.request(Method::GET, &path).header("accept-language", "fr")).await;
        assert!(page.status == 200 && page.body.contains("Ne m’écrivez plus jamais"), "{page:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    ask_for_mail(&amy).await;
    world.mail.take(AMY.email).await;

    let stopped = press(&http, &path, &Form::on(&http.get(&path).await.body)).await;
    assert!(stopped.status == 200 && stopped.body.contains("no more mail from here"), "{stopped:?}");
    gets_no_mail(&world, &amy).await;
    gets_no_mail(&world, &world.client(&MICHAEL).await).await;
    let asked = json!({"provider": "email", "id": AMY.email, "target": AMY.jid, "resend": true});
    let answer = http.post("/v1/register", &asked).await.ok();
    assert_eq!(answer, json!({"status": "pending", "hash": AMY.email_hash()}));
    world.service.has_sent_everything().await;
    assert!(world.mail.take_now(AMY.email).is_none());
    // Others are written to as ever.
    world.prove_email(&world.client(&MICHAEL).await, &MICHAEL).await;

    // The address is nowhere: neither is what the mail said of it in the log.
    let needles = [
        Needle::text("the address", AMY.email),
        Needle::hash("its hash", &AMY.email_hash()),
        Needle::text("the token", path.trim_start_matches("/stop/")),
    ];
    assert_eq!(find(&world.service.data(), &needles), [""; 0]);
    let log = world.service.log().text();
    assert!(!needles.iter().any(|needle| needle.is_in(log.as_bytes())), "{log}");

    // It lasts, and can be withdrawn on the same page.
    assert!(world.service.terminate().await.success());
    world.service.start().await;
    let amy = world.client(&AMY).await;
    gets_no_mail(&world, &amy).await;
    let again = press(&http, &path, &Form::on(&http.get(&path).await.body)).await;
    assert!(again.status == 200 && again.body.contains("may write to this address again"), "{again:?}");
    ask_for_mail(&amy).await;
    let mail = world.mail.take(AMY.email).await;
    assert!(amy.verify(&AMY.email_hash(), &mail.code()).await.unwrap());
}

#[tokio::test]
async fn a_mail_clients_button_ends_them() {
    let world = World::with("[http]\npublic_url = \"https://api.example.org\"").await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        ask_for_mail(&amy).await;
        let mail = world.mail.take(AMY.email).await;
        let path = page_in(&mail);
        let [list, post] = &mail.unsubscribe;
        assert_eq!(list.as_deref(), Some(format!("<https://api.example.org{path}>").as_str()));
        assert_eq!(post.as_deref(), Some("List-Unsubscribe=One-Click"));
        let body = match content_type.starts_with("multipart") {
            false => "List-Unsubscribe=One-Click",
            true => {
                "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
            }
        };
        let request = http.request(Method::POST, &path).header("content-type", content_type).body(body);
        assert_eq!(Reply::to(request).await.status, 200);
        gets_no_mail(&world, &amy).await;
        assert_eq!(press(&http, &path, &Form::on(&http.get(&path).await.body)).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_that_was_made_up_leads_nowhere() {
    let world = World::start().await;
    let http = world.http();
    for token in ["0".repeat(64), "x".into(), AMY.email_hash(), "%ff".into()] {
        let path = format!("/stop/{token}");
        for method in [Method::GET, Method::POST] {
            assert_eq!(Reply::to(http.request(method, &path)).await.status, 404, "{token}");
        }
    }
    let put = http.request(Method::PUT, &format!("/stop/{}", "0".repeat(64)));
    assert_eq!(Reply::to(put).await.status, 405);
}

/// Executes a command with a single field, and returns its last answer.
async fn command(client: &mut RawClient, node: &str, detail: &str) -> String {
    let open = format!("<command xmlns='http://jabber.org/protocol/commands' node='{node}'");
    let begun = client.ask("set", SERVICE, &format!("{open}/>")).await;
    let session = begun.children().find_map(|child| child.attr("sessionid")).expect("a session").to_owned();
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='detail'><value>{detail}</value></field></x>"
    );
    let submit = format!("{open} sessionid='{session}' action='complete'>{form}</command>");
    String::from(&client.ask("set", SERVICE, &submit).await)
}

#[tokio::test]
async fn an_admin_ends_text_messages_for_who_asks_for_it() {
    let mut world = World::with("[component]\nadmins = [\"eve@localhost\"]").await;
    let (amy, mut eve) = (world.client(&AMY).await, world.raw(&EVE).await);
    // One waits already.
    world.gateway.stop().await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    world.service.says("messages cannot be sent").await;
    let told = command(&mut eve, "suppress", "+44 7700 900123").await;
    assert!(told.contains("Nothing is sent there any more"), "{told}");
    world.gateway.restart().await;
    amy.register("phone", AMY.phone, true).await.unwrap();
    world.service.has_sent_everything().await;
    assert_eq!(world.gateway.take_now(AMY.phone), None);

    let told = command(&mut eve, "unsuppress", AMY.phone).await;
    assert!(told.contains("Codes are sent there again"), "{told}");
    amy.register("phone", AMY.phone, true).await.unwrap();
    world.gateway.take(AMY.phone).await;
    let told = command(&mut eve, "suppress", "xmpp:amy@localhost").await;
    assert!(told.contains("status=\"executing\"") || told.contains("status='executing'"), "{told}");
}
