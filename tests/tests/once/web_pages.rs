//! Requests that a foreign web page can make its readers' browsers send: real Chromium, a page of another site.

use itseme_tests::{AMY, World, oauth::Browser};

#[tokio::test]
async fn a_page_cannot_have_its_readers_register_in_passing() {
    let world = World::start().await;
    let (amy, browser) = (world.client(&AMY).await, Browser::start().await);
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let number = |n: usize| format!("+4477009002{n:02}");
    let register = |n: usize| {
        let base = world.http().base().to_owned();
        format!("{base}/v1/register/phone/{}/{}", number(n), AMY.jid)
    };
    let in_passing = [
        "<img src='URL'>",
        "<img crossorigin src='URL'>",
        "<iframe src='URL'></iframe>",
        "<object data='URL'></object>",
        "<script src='URL'></script>",
        "<link rel=stylesheet href='URL'>",
        "<link rel=prefetch href='URL'>",
        "<link rel=preload as=image href='URL'>",
        "<video src='URL'></video>",
        "<body style='background: url(URL)'>",
        "<script>fetch('URL', { mode: 'no-cors' })</script>",
        "<script>fetch('URL', { mode: 'no-cors', method: 'HEAD' })</script>",
        "<form action='URL' target=frame></form><iframe name=frame></iframe><script>document.forms[0].submit()</script>",
    ];
    for (n, way) in in_passing.iter().enumerate() {
        browser.visit(&format!("<!DOCTYPE html>{}", way.replace("URL", &register(n)))).await;
    }
    // Scripts of the pages that the admin allows may call, and a user who follows a link sees the answer.
    let meant = [
        "<script>fetch('URL').then((answer) => answer.text())</script>",
        "<script>location = 'URL'</script>",
    ];
    for (n, way) in (in_passing.len()..).zip(meant) {
        browser.visit(&format!("<!DOCTYPE html>{}", way.replace("URL", &register(n)))).await;
        world.gateway.take(&number(n)).await;
    }
    for (n, way) in in_passing.iter().enumerate() {
        assert_eq!(world.gateway.take_now(&number(n)), None, "{way}");
    }
}

#[tokio::test]
async fn where_the_admin_names_web_pages_no_others_scripts_may_either() {
    let world = World::with("[http]\ncors_origins = ['https://app.example.org']").await;
    let (amy, browser) = (world.client(&AMY).await, Browser::start().await);
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let base = world.http().base().to_owned();
    let get = format!("<script>fetch('{base}/v1/register/phone/+447700900201/{}')</script>", AMY.jid);
    let body = format!("{{provider: 'phone', id: '+447700900202', target: '{}'}}", AMY.jid);
    let post = format!(
        "<script>fetch('{base}/v1/register', {{ method: 'POST', mode: 'no-cors', body: JSON.stringify({body}) }})</script>"
    );
    for page in [get, post] {
        browser.visit(&format!("<!DOCTYPE html>{page}")).await;
    }
    // Later, and without a browser.
    world.prove_phone(&amy, &AMY).await;
    for number in ["+447700900201", "+447700900202"] {
        assert_eq!(world.gateway.take_now(number), None, "{number}");
    }
}
