//! Gateways for text messages: Kannel for real, and several of them.

use itseme_tests::{AMY, Kannel, World, code_in};

/// The log lines when an outage begins, and when it ends.
const BEGINS: &str = "messages cannot be sent";
const ENDS: &str = "messages can be sent again";

fn section(kannel: &Kannel, password: &str) -> String {
    format!(
        "[service]\nlanguage = 'es'\n[providers.phone.gateways.kannel]\npreset = 'kannel'\napi_url = '{}'\nuser = '{}'\n\
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
