#!/usr/bin/env bash
# While a component of ejabberd restarts, the first requests from another server are never answered, not even by an error.
#
# Software:  ejabberd 23.01-1 and Prosody 0.12.3-1+deb12u1 (Debian 12), which federate; stream management is on at both.
# Guess:     a request from another server gets an error while the component is away, as one from the same server does
#            (service-away.sh), and a message is bounced: both servers hold an open stream on which to say so.
# Observed:  ejabberd answers the first stanza with the end of the stream, <host-unknown/>, and not with an error for the
#            stanza. Prosody has written it, so it does not send an error, either: the request is not answered (by hand:
#            not within 8 minutes), and a message is neither bounced nor delivered later. Not only one is lost: of twenty
#            requests that are sent together, none is answered. For what is sent after that, Prosody opens a new stream,
#            which is refused, too, and then answers at once: `wait`, <remote-server-timeout/>. When the component is back,
#            all is well. If nothing is asked while it is away, the old stream goes on, and nothing is lost.
#            (By hand: an ejabberd that asks loses the first one in the same way. After the second, it answers everything with
#            the same error for a random time of up to 300 s, `s2s_max_retry_delay`, also when the component is long back.)
#            In the other direction there is no surprise: when a component of Prosody is away, each request of a user of
#            ejabberd is answered in an instant, `wait`, <remote-server-timeout/>, and a message is bounced.
# Matters:   an update of a service takes seconds, but who asks it from another server in these seconds waits for their whole
#            time limit, which for a service that is slow at times is long. Between servers, a request without an answer has
#            to be asked again, and must be safe to repeat; a message needs a receipt. A timeout does not say that the
#            service is slow or away now.
# Source:    RFC 6120, 8.2.3 (each request is answered), 8.3.3.16 (<remote-server-timeout/>), 4.9.3.6 (<host-unknown/> is about
#            the `to` of a stream's header, which was accepted here). ejabberd's mod_stream_mgmt is for clients only.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

component_of_ejabberd=$(free_ports 1)
federate "  mod_stream_mgmt: {}" "  - port: $component_of_ejabberd
    ip: \"127.0.0.1\"
    module: ejabberd_service
    hosts:
      itseme.there.example:
        password: secret"

# ask CLIENT_PORT HOST COMPONENT_PORT COMPONENT: a user of that host asks the other server's component.
ask() {
  python3 - "$here" "$@" <<'PY'
import sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, host, component_port, jid = sys.argv[2:]
amy = Client(int(client_port), "amy", host=host)


def request(number):
    return f"<iq type='get' id='{number}' to='{jid}'><query xmlns='jabber:iq:version'/></iq>"


def back():
    """Connects the component, and has it answer a request. Returns it, and the requests and messages that came before."""
    service = Component(int(component_port), jid)
    amy.send(request("back"))
    before = service.until(".*?<iq[^>]*id=['\"]back.*?</iq>")[0]
    service.send(f"<iq type='result' id='back' from='{jid}' to='{amy.jid}'/>")
    assert amy.until("<iq[^>]*id=['\"]back['\"]"), amy.text
    return service, before


def away():
    """Has the component answer a request, so that there is a stream between the servers, and then disconnect."""
    service, before = back()
    service.close()
    time.sleep(2)
    return before


def says(stanza, seconds):
    answer = amy.until(f"<{stanza}[^>]*type=['\"]error.*?<error[^>]*type='([a-z]+)'.*?<([a-z-]+).*?</{stanza}>", seconds)
    return " ".join(answer.groups()) if answer else "nothing"


away()
amy.send(request("first"))
print("first request:", says("iq", 60), flush=True)
amy.send(request("second"))
print("second request:", says("iq", 60), flush=True)
away()
amy.send("".join(request(f"together-{number}") for number in range(20)))
print("answers to twenty requests:", len(list(iter(lambda: says("iq", 20), "nothing"))), flush=True)
away()
amy.send(f"<message to='{jid}'><body>Hello.</body></message>")
print("message:", says("message", 20), flush=True)
print("delivered later:", "yes" if "Hello" in away() else "no", flush=True)
away()
print("nothing asked while away: all is well", flush=True)
PY
}

echo "== a user of Prosody asks a component of ejabberd"
ask "$here_port" here.example "$component_of_ejabberd" itseme.there.example | tee "$folder/of-ejabberd.says"
echo "== a user of ejabberd asks a component of Prosody"
ask "$client_port" there.example "$here_component" itseme.example.org | tee "$folder/of-prosody.says"

says() { grep -qx "$2" "$folder/of-$1.says"; }
expect "a component of ejabberd is away: no answer" says ejabberd 'first request: nothing'
expect "then wait" says ejabberd 'second request: wait remote-server-timeout'
expect "none of twenty is answered" says ejabberd 'answers to twenty requests: 0'
expect "a message is not bounced" says ejabberd 'message: nothing'
expect "nor kept" says ejabberd 'delivered later: no'
expect "a component of Prosody is away: wait" says prosody 'first request: wait remote-server-timeout'
expect "all of twenty are answered" says prosody 'answers to twenty requests: 20'
expect "a message is bounced" says prosody 'message: wait remote-server-timeout'
