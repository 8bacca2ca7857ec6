#!/usr/bin/env bash
# tokio-xmpp 6 gives nobody the answer to a request while more than 16 other stanzas wait to be read, and its halves lose their reader.
#
# Software:  tokio-xmpp 6.0.0 (crates.io, June 2026), on prosody 0.12.3-1+deb12u1 (Debian 12).
# Guess:     "Drive the XMPP client stream in the background", as its list of changes has it: what Client::send_iq returns can be awaited,
#            whatever else has come. Client::split gives a sender and a receiver, for two tasks.
# Observed:  with 16 events unread, the answer comes. With 17, it does not, until somebody reads them: the task in the background waits for
#            a free place before it looks at what comes next. There is no time limit for answers. The receiver of split() in a task of its
#            own gets no event at all when it is first asked while the sender sends (the presence after login): it answers "pending", and
#            wakes nobody. Then nobody reads, and after 16 events no request is answered. Asked again each 100 ms, it has them all.
# Matters:   the presence of 17 contacts, or what was kept offline, is enough: a client that logs in and then asks the service, one await
#            after the other, asks once and waits for ever; with few contacts, as in tests, it works. Await answers and events at the
#            same time (tokio::select!), give each answer a time limit, and do not split, or read with a timer.
# Source:    its ChangeLog (6.0.0), its documentation of Client::send_iq, Client::split and IqResponseToken; std::task::Poll::Pending.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
rust_package client \
  'futures = "0.3"' \
  'tokio = { version = "1", features = ["macros", "rt", "time"] }' \
  'tokio-xmpp = { version = "=6.0.0", default-features = false, features = ["insecure-tcp"] }'
cat >"$folder/client/src/main.rs" <<'RUST'
//! Amy logs in, and asks the service something while nobody reads what has come, or while another task reads.
use std::{cell::Cell, env, error::Error, rc::Rc, time::Duration};

use futures::StreamExt;
use tokio::{
    task::{LocalSet, spawn_local},
    time::{sleep, timeout},
};
use tokio_xmpp::{
    Client, Event, IqRequest,
    connect::DnsConfig,
    jid::BareJid,
    parsers::presence::Presence,
    xmlstream::Timeouts,
};

const SOON: Duration = Duration::from_secs(3);

fn question() -> IqRequest {
    IqRequest::Get("<links xmlns='it-se.me:register'/>".parse().expect("XML"))
}

fn said(come: bool) -> &'static str {
    if come { "answered" } else { "not answered" }
}

async fn unread(mut client: Client) -> Result<(), Box<dyn Error>> {
    client.send_stanza(Presence::available().into()).await?;
    sleep(SOON).await;
    let mut answer = client.send_iq(Some("itseme.example.org".parse()?), question()).await;
    let come = timeout(SOON, &mut answer).await.is_ok();
    println!("while nothing is read: {}", said(come));
    let mut events = 0;
    while timeout(SOON, client.next()).await.is_ok() {
        events += 1;
    }
    println!("unread: {events}");
    if !come {
        println!("when all is read: {}", said(timeout(SOON, answer).await.is_ok()));
    }
    Ok(())
}

async fn halves(client: Client, again: bool) -> Result<(), Box<dyn Error>> {
    let (sender, mut receiver) = client.split();
    let events = Rc::new(Cell::new(0));
    let count = Rc::clone(&events);
    spawn_local(async move {
        loop {
            if again {
                let Ok(Some(_)) = timeout(Duration::from_millis(100), receiver.next()).await else { continue };
            } else if receiver.next().await.is_none() {
                break;
            }
            count.set(count.get() + 1);
        }
    });
    sender.send_stanza(Presence::available().into()).await?;
    sleep(SOON).await;
    println!("read by the other task: {}", events.get());
    let answer = sender.send_iq(Some("itseme.example.org".parse()?), question()).await;
    println!("beside it: {}", said(timeout(SOON, answer).await.is_ok()));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let server = DnsConfig::addr(&format!("127.0.0.1:{}", arguments[1]));
    let mut client = Client::new_plaintext("amy@localhost".parse::<BareJid>()?, "secret", server, Timeouts::default());
    while !matches!(client.next().await, Some(Event::Online { .. })) {}
    let play = async {
        match arguments[2].as_str() {
            "unread" => unread(client).await,
            way => halves(client, way == "again").await,
        }
    };
    LocalSet::new().run_until(play).await
}
RUST
build_rust client

cat >"$folder/service.py" <<'PY'
"""A service that has written some messages to Amy while she was away, and answers what she asks."""
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Component

service = Component(int(sys.argv[2]))
for number in range(int(sys.argv[3])):
    service.send(f"<message from='itseme@itseme.example.org' to='amy@localhost' type='chat' id='m{number}'><body>{number}</body></message>")
service.send("<iq type='get' id='all' from='itseme.example.org' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
service.until("<iq[^>]*all[^>]*>")
print("ready", flush=True)
while request := service.until("<iq([^>]*)>", 60):
    values = dict(re.findall(r" ([a-z]+)=['\"]([^'\"]*)['\"]", request[1]))
    service.send(f"<iq type='result' id='{values['id']}' from='{values['to']}' to='{values['from']}'/>")
    print("answered", flush=True)
PY

start_prosody ""
# plays COUNT WAY LINE…: whether Amy's client, which comes when so many messages wait, says just these lines, and was answered.
plays() {
  local lines
  : >"$folder/service.says" # what the service of the run before has said
  python3 "$folder/service.py" "$here" "$component_port" "$1" >"$folder/service.says" &
  started+=("$!")
  wait_for_line "$folder/service.says" ready
  lines=$("$folder/client/target/debug/client" "$client_port" "$2")
  wait_for_line "$folder/service.says" answered
  stop
  echo "$1 messages and the own presence, $2:"
  printf '  %s\n' "${lines//$'\n'/$'\n'  }"
  [[ $lines == "$(printf '%s\n' "${@:3}")" ]]
}

expect "with 16 unread, the answer comes" plays 15 unread "while nothing is read: answered" "unread: 16"
expect "with 17, when they are read" plays 16 unread "while nothing is read: not answered" "unread: 17" "when all is read: answered"
expect "the receiver in a task of its own gets nothing" plays 15 halves "read by the other task: 0" "beside it: answered"
expect "nor does the asker then" plays 16 halves "read by the other task: 0" "beside it: not answered"
expect "asked again and again, it gets all" plays 16 again "read by the other task: 17" "beside it: answered"
