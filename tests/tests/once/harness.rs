//! The mail server and the SMS gateway of the tests.

use std::process::Command;

use itseme_tests::{AMY, Gateway, World};
use serde_json::json;

#[tokio::test]
async fn mails_are_kept_and_read() {
    let mut world = World::prepare("").await;
    world.mail.stop().await;
    world.mail.restart().await;
    let script = r#"
import smtplib, sys
from email.message import EmailMessage
mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "it-se.me <a@example.org>", "amy@example.org", "Ihr Code: 123456 für amy"
mail.set_content("Text: 123456")
mail.add_alternative("<p>HTML: 123456</p>", subtype="html")
smtplib.SMTP("127.0.0.1", int(sys.argv[1])).send_message(mail)
"#;
    let port = world.mail.port().to_string();
    let sent = Command::new("python3").args(["-c", script, &port]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let mail = world.mail.take(AMY.email).await;
    assert_eq!((mail.from.as_str(), mail.code().as_str()), ("a@example.org", "123456"));
    assert_eq!(mail.text.trim(), "Text: 123456");
    assert!(mail.html.contains("<p>HTML: 123456</p>"));
    assert!(world.mail.take_now(AMY.email).is_none(), "it was taken");
}

#[tokio::test]
async fn the_gateway_takes_what_twilio_takes() {
    let world = World::prepare("").await;
    let messages = format!("{}/2010-04-01/Accounts/{}/Messages.json", world.gateway.url(), Gateway::SID);
    let send = |to: &'static str, token: &'static str| {
        let form = [("To", to), ("From", "+447700900000"), ("Body", "Grüße: 3991")];
        let request =
            reqwest::Client::new().post(&messages).basic_auth(Gateway::SID, Some(token)).form(&form);
        async { request.send().await.unwrap() }
    };
    assert_eq!(send(AMY.phone, "wrong").await.status(), 401);
    let refused = send(Gateway::REFUSED, Gateway::TOKEN).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["code"], 21211);
    world.gateway.fail(1).await;
    assert_eq!(send(AMY.phone, Gateway::TOKEN).await.status(), 503);
    assert_eq!(send(AMY.phone, Gateway::TOKEN).await.status(), 201);
    assert_eq!(world.gateway.take(AMY.phone).await.code(), "3991");
    assert_eq!(world.gateway.take_now(AMY.phone), None);
}

#[tokio::test]
async fn the_gateway_takes_plain_messages() {
    let world = World::prepare("").await;
    let send = |token: &'static str| {
        let message = json!({"to": AMY.phone, "text": "3991"});
        let request = reqwest::Client::new().post(world.gateway.url()).bearer_auth(token).json(&message);
        async { request.send().await.unwrap().status() }
    };
    assert_eq!(send("wrong").await, 401);
    assert_eq!(send(Gateway::TOKEN).await, 200);
    assert_eq!(world.gateway.take(AMY.phone).await.text, "3991");
}
