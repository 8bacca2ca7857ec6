//! The examples of the API document of 2014, byte for byte as it shows them, by section: a client of that time is answered as then.
//!
//! What stands for something else there is put in its place: JIDs, numbers, addresses, codes, and hashes, of which the document shows
//! the beginning. JSON is compared as JSON, for the document itself spaces it in two ways.

use itseme_tests::{
    ACCOUNT, AMY, Element, Http, MICHAEL, World, introduction,
    itseme_client::{Event, Session},
    next_event,
    xml::{CLIENT, child, lang, parse, text},
};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::Value;

/// 1.3.1
const ERROR: &str = r#"{
  "error": {
    "code": "target_unconfirmed",
    "message": "Please confirm 'X' first."
  }
}"#;

/// 1.3.2, whose hash is that of `my_jabber@example.com`.
const REGISTERED: &str = r#"{
  "status": "pending",
  "hash": "397ee3ee893ba686b8f228078803ce34911b35c8bf15a7986310de1225589fe13706a3242376da92c144a0e38e"
}"#;
const REGISTER_JID: &str = "/v1/register/xmpp/xmpp@example.com/xmpp@example.com";
const REGISTER_PHONE: &str = "/v1/register/phone/+1234456789/xmpp@example.com";

/// 1.3.3
const VERIFIED: &str = r#"{
  "confirmed": true
}"#;

/// 1.3.4
const CONTACT: &str = r#"{
  "target": "xmpp@example.com",
  "contact_info": [
    { "protocol": "phone", "id": "+00112345678" },
    { "protocol": "email", "id": "hunter@jobs.com" },
    { "protocol": "phone", "id": "+4912345" }
  ],
  "contacts": [
    "397ee3ee893ba686b8f228078803ce34911b35c8bf15a7986310de1225589fe13706a3242376da92c144a0e38e469",
    "e5d20f91694fde312aeb9e784178c8bd8a386d8c2789dfed7dc14a35fb8ea88fd0a1583a0a98b80058e8c9e6d7c8a",
    "abce880ed2d448abffa8efa8939d8e15625ad16ff2330d97388f32fee480d799b9753e1d2f362c7deb1f7ea83bfbb"
  ]
}"#;
const CONTACT_SENT: &str = r#"{
  "status": "requests_send"
}"#;

/// 1.3.5
const CONFIRMED: &str = r#"{ "confirmed": true }"#;
const NOT_CONFIRMED: &str = r#"{ "confirmed": false }"#;

/// 1.3.6
const CONFIRM_MANY: &str = r#"{
  "hashes": [
    "397ee3ee893ba686b8f228078803ce34911b35c8bf15a7986310de1225589fe13706a3242376da92c144a0e38e4693a",
    "e5d20f91694fde312aeb9e784178c8bd8a386d8c2789dfed7dc14a35fb8ea88fd0a1583a0a98b80058e8c9e6d7c8acd2"
  ],
  "target": "jid@example.com"
}"#;
const NOT_ALL_CONFIRMED: &str = r#"{"confirmed": false}"#;

/// 1.3.7
const VERSION: &str = r#"{"version": "0.9-rc2"}"#;

/// 1.4.1
const CODE: &str =
    "<message from='itseme@jabber.ccc.de/XXXXX' to='xmmp@example.com' type='chat' xml:lang='en'>
  <body>It-se, you xmmp@example.com? Verify with: 3991</body>
  <verify xmlns='it-se.me:verify'>
    <code>3991</code>
    <hash>fb1a59cd5e804c48d89f4267956518ac47b7d0e645fd92fcee85cbd9dbebb3eef4ad12a2d5baaa216ade5c6982</hash>
  </verify>
</message>";

/// 1.4.2
const INTRODUCTION: &str = r#"<message from='itseme@jabber.ccc.de/XXXXX' to='xmpp@example.com' type='chat' xml:lang='en'>
  <body>Hey there,
    xmpp2@example.com asked whether they are allowed to get in
    contact with you. They provided the following contact
    details for you to confirm their identity:
    * phone: +123456789
    * email: xmpp2@example.com
  </body>
  <contact xmlns='it-se.me:contact'>
    <info>[{"provider": "phone", "id": "+123456789",
      "confirmed": true}, {"provider": "email", "id":
      "xmpp2@example.com", "confirmed": true}]</info>
    <jid>random@example.com</jid>
  </contact>
</message>"#;

#[tokio::test]
async fn its_examples_are_answered_as_it_shows() {
    let world = World::start().await;
    let (amy, michael, http) = (world.client(&AMY).await, world.client(&MICHAEL).await, world.http());

    // 1.3.1, 1.3.2: whoever has not confirmed their JID can do nothing but that.
    let (status, refused) = answer(&http, REGISTER_PHONE, None).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json(ERROR)["error"]["code"]));
    let said = put(ERROR, &[("X", "xmpp@example.com")]);
    let said = json(&said)["error"]["message"].as_str().unwrap().trim_end_matches('.').to_owned();
    assert!(refused["error"]["message"].as_str().unwrap().starts_with(&said), "{refused}");
    assert_registered(&http, REGISTER_JID, &json(CONTACT)["contacts"][2]).await;
    let of_the_example = put(REGISTER_JID, &[("xmpp@example.com", "my_jabber@example.com")]);
    assert_registered(&http, &of_the_example, &json(REGISTERED)["hash"]).await;

    // 1.4.1, 1.3.3: the code, and its way back.
    let mine = |text: &str| put(text, &[("xmpp@example.com", AMY.jid)]);
    assert_registered(&http, &mine(REGISTER_JID), &AMY.jid_hash().into()).await;
    let code = assert_code(&code_message(&amy).await);
    assert_verified(&http, &AMY.jid_hash(), &code).await;

    // 1.3.2: every other provider.
    assert_registered(
        &http,
        &put(&mine(REGISTER_PHONE), &[("+1234456789", AMY.phone)]),
        &AMY.phone_hash().into(),
    )
    .await;
    assert_verified(&http, &AMY.phone_hash(), &world.gateway.take(AMY.phone).await.code()).await;
    for (address, hash) in [(AMY.email, AMY.email_hash()), (HUNTER, itseme_tests::hash("email", HUNTER))] {
        let path = put(&mine(REGISTER_JID), &[("xmpp/amy@localhost", &format!("email/{address}"))]);
        assert_registered(&http, &path, &hash.clone().into()).await;
        assert_verified(&http, &hash, &world.mail.take(address).await.code()).await;
    }

    // 1.3.4: to nobody as it stands there, then to Michael.
    assert_eq!(answer(&http, "/v1/contact/", Some(&mine(CONTACT))).await, (200, json(CONTACT_SENT)));
    michael.register("xmpp", MICHAEL.jid, false).await.unwrap();
    let shown = json(CONTACT)["contacts"][0].as_str().unwrap().to_owned();
    let (known, phone) = (MICHAEL.jid_hash(), "+00112345678");
    let request = put(&mine(CONTACT), &[(phone, AMY.phone), (HUNTER, AMY.email), (&shown, &known)]);
    assert_eq!(answer(&http, "/v1/contact/", Some(&request)).await, (200, json(CONTACT_SENT)));
    assert_introduction(&introduction(&michael).await);

    assert_confirms(&http, &shown).await;
    let (status, version) = answer(&http, "/version", None).await;
    assert_eq!(status, 200);
    let version = put(VERSION, &[("0.9-rc2", version["version"].as_str().unwrap())]);
    assert_eq!(answer(&http, "/version", None).await.1, json(&version));
}

/// 1.3.5, 1.3.6, 1.3.7: Amy's details belong to her, and the hash that the document shows to nobody.
async fn assert_confirms(http: &Http, shown: &str) {
    let confirm = |hash: &str, target: &str| format!("/v1/confirm/{hash}/{target}");
    let confirmed = answer(http, &confirm(&AMY.jid_hash(), AMY.jid), None).await;
    assert_eq!(confirmed, (200, json(CONFIRMED)));
    let other = answer(http, &confirm(shown, "xmpp@example.com"), None).await;
    assert_eq!(other, (200, json(NOT_CONFIRMED)));
    let many = answer(http, "/v1/confirm", Some(CONFIRM_MANY)).await;
    assert_eq!(many, (200, json(NOT_ALL_CONFIRMED)));
    let hashes = json(CONFIRM_MANY)["hashes"].clone();
    let [first, second] = [0, 1].map(|place| hashes[place].as_str().unwrap().to_owned());
    let (jid, phone) = (AMY.jid_hash(), AMY.phone_hash());
    let request = put(CONFIRM_MANY, &[(&first, &jid), (&second, &phone), ("jid@example.com", AMY.jid)]);
    assert_eq!(answer(http, "/v1/confirm", Some(&request)).await, (200, json(CONFIRMED)));
}

const HUNTER: &str = "hunter@jobs.com";

/// The status and JSON that a request is answered with: a `POST` if it has a body, whose type nothing says, as in 2014.
async fn answer(http: &Http, path: &str, body: Option<&str>) -> (u16, Value) {
    let request = match body {
        Some(body) => http
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.to_owned()),
        None => http.request(Method::GET, path),
    };
    let reply = itseme_tests::Reply::to(request).await;
    (reply.status, reply.json())
}

/// Registers, and checks that the answer is the document's with a hash that begins like this one.
async fn assert_registered(http: &Http, path: &str, hash: &Value) {
    let (status, mut registered) = answer(http, path, None).await;
    let told = registered["hash"].as_str().unwrap().to_owned();
    assert_eq!(told.len(), 128, "{registered}");
    assert!(told.starts_with(hash.as_str().unwrap()), "{registered}");
    registered["hash"] = json(REGISTERED)["hash"].clone();
    assert_eq!((status, registered), (200, json(REGISTERED)), "{path}");
}

/// Returns the code, after none and a wrong one, and once more.
async fn assert_verified(http: &Http, hash: &str, code: &str) {
    let verify = async |query: &str| answer(http, &format!("/v1/verify/{hash}{query}"), None).await;
    let error = async |query: &str| {
        let (status, refused) = verify(query).await;
        (status, refused["error"]["code"].as_str().unwrap().to_owned())
    };
    let wrong = if code.starts_with('1') { "2" } else { "1" }.to_owned() + &code[1..];
    assert_eq!(error("").await, (400, "missing_code".into()));
    assert_eq!(error(&format!("?code={wrong}")).await, (400, "faulty_code".into()));
    assert_eq!(verify(&format!("?code={code}")).await, (200, json(VERIFIED)));
    assert_eq!(error(&format!("?code={code}")).await, (404, "not_found".into()));
}

/// Checks a message with a code for Amy's JID, and returns the code.
fn assert_code(message: &Element) -> String {
    const NS: &str = "it-se.me:verify";
    let verify = child(message, "verify", NS);
    let code = text(verify, "code", NS);
    let shown_hash = text(child(&shown(CODE, &[]), "verify", NS), "hash", NS);
    let hash = AMY.jid_hash();
    let expected =
        shown(CODE, &[("xmmp@example.com", AMY.jid), ("3991", code.as_str()), (&shown_hash, &hash)]);
    assert_envelope(message, &expected);
    assert_eq!(text(message, "body", CLIENT), text(&expected, "body", CLIENT));
    assert_eq!(leaves(verify), leaves(child(&expected, "verify", NS)));
    code
}

/// Checks a message that asks Michael for contact with Amy.
fn assert_introduction(message: &Element) {
    const NS: &str = "it-se.me:contact";
    let asked = format!("    {} asked", AMY.jid);
    let places = [
        ("    xmpp2@example.com asked", asked.as_str()),
        ("xmpp2@example.com", AMY.email),
        ("random@example.com", AMY.jid),
        ("xmpp@example.com", MICHAEL.jid),
        ("+123456789", AMY.phone),
    ];
    let expected = shown(INTRODUCTION, &places);
    assert_envelope(message, &expected);
    // The document breaks the lines to fit its page. What the service says behind that is its own.
    let words = |element: &Element| {
        let body = text(element, "body", CLIENT);
        body.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(words(message).starts_with(&words(&expected)), "{}", words(message));
    let mut told = [message, &expected].map(|message| leaves(child(message, "contact", NS)));
    let info = told.each_mut().map(|leaves| json(&leaves.remove(0).1));
    assert_eq!(info[0], info[1]);
    assert_eq!(told[0], told[1]);
}

/// Type and language; not from whom, on which implementations should not rely, and to whom as far as servers keep it.
fn assert_envelope(message: &Element, expected: &Element) {
    assert_eq!(message.attr("type"), expected.attr("type"));
    assert_eq!(lang(message), lang(expected));
    let to = message.attr("to").and_then(|to| to.split('/').next());
    assert_eq!(to, expected.attr("to"));
    assert_eq!(message.attr("from"), Some(ACCOUNT));
}

/// Names and texts of all children, in order.
fn leaves(element: &Element) -> Vec<(String, String)> {
    element.children().map(|child| (child.name().to_owned(), child.text())).collect()
}

/// A stanza of the document, in the namespace of streams of clients.
fn shown(stanza: &str, places: &[(&str, &str)]) -> Element {
    let stanza = put(stanza, places);
    parse(&stanza.replacen("<message ", &format!("<message xmlns='{CLIENT}' "), 1))
}

/// The example with something else in the places of what the document has there; panics if it has not.
fn put(example: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(example.to_owned(), |example, (shown, put)| {
        assert!(example.contains(shown), "no {shown} in {example}");
        example.replace(shown, put)
    })
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn code_message(client: &Session) -> Element {
    next_event(client, |event| match event {
        Event::Code { raw, .. } => Some(raw),
        _ => None,
    })
    .await
}
