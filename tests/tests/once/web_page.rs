//! The web page at `/` (web/), in Chromium: the scripts are in `clients/javascript/`.

use itseme_tests::{
    AMY, Gateway, Reply, World, clients, free_port,
    oauth::{CLIENT_ID, CLIENT_SECRET, Provider},
};
use reqwest::Method;

#[tokio::test]
async fn people_find_each_other() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let public = format!("http://127.0.0.1:{port}");
    let provider = Provider::openid(folder.path(), &format!("{public}/v1/")).await;
    let wishes = format!(
        "[limits]\nresend_after = \"2s\"\n[http]\npublic_url = \"{public}\"\n[providers.octopus]\nissuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret = \"{CLIENT_SECRET}\"\n[[peers]]\njid = \"itseme.example.net\"\n",
        provider.issuer()
    );
    clients::example(&mut World::on(port, &wishes).await, "web-page.js").await;
}

#[tokio::test]
async fn it_goes_on_when_something_goes_astray() {
    let mut world = World::with("[limits]\nresend_after = \"2s\"").await;
    clients::example(&mut world, "web-page-astray.js").await;
}

#[tokio::test]
async fn it_keeps_and_shows_the_token() {
    clients::example(&mut World::with("[http]\nrequire_token = true").await, "web-page-tokens.js").await;
}

#[tokio::test]
async fn pages_of_mails_need_no_javascript() {
    clients::example(&mut World::start().await, "web-page-plain.js").await;
}

#[tokio::test]
async fn people_prove_a_number_by_writing_from_it_or_by_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Gateway::start(folder.path()).await;
    let wishes = format!(
        "[limits]\nresend_after = \"2s\"\n[providers.phone.inbound]\nnumber = '+447700900999'\nprefixes = ['+44']\n\
         gateway = 'own'\nsecret = '0123456789abcdef'\n{}",
        calls.section_for_calls()
    );
    clients::example(&mut World::with(&wishes).await, "web-page-write.js").await;
    assert!(calls.take(AMY.phone).await.text.starts_with("en-US: Hello."));
}

#[tokio::test]
async fn an_admin_may_have_no_page() {
    let world = World::with("[http]\npage = false").await;
    for path in ["/", "/web/app.js"] {
        assert_eq!(world.http().get(path).await.error(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn it_takes_no_other_method() {
    let world = World::start().await;
    for path in ["/", "/web/app.js"] {
        let reply = Reply::to(world.http().request(Method::POST, path)).await;
        assert_eq!(reply.error(), (405, "method_not_allowed".into()), "{path}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"), "{path}");
    }
}
