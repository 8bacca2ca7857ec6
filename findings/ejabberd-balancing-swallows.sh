#!/usr/bin/env bash
# ejabberd's setting for two instances of a component swallows half of the stanzas while there is one instance.
#
# Software:  ejabberd 23.01-1 (Debian 12), `domain_balancing` with `component_number: 2`, its smallest value.
# Guess:     stanzas are spread over the instances that are connected: with one, it gets everything; with none, users get an
#            error; one that is too many gets a `conflict`, or waits until another one is gone.
# Observed:  each slot gets its share, whether or not it has an instance. With one instance half of the requests, with none
#            all of them, are dropped without an error, where without the setting there is one. A third one is accepted, and
#            gets nothing, not even after a slot has become free; ejabberd logs none of this. With a `type` and no number,
#            as in the documentation's own example, every instance is disconnected after its handshake, without an error.
# Matters:   an instance in reserve, or one that is restarted before ejabberd has noticed that its old connection is gone,
#            is such a third one: it is connected, and nobody reaches it. Leave `domain_balancing` unset for the component;
#            a service that hears nothing after its handshake should write to itself.
# Source:    ejabberd's documentation of domain_balancing: "you can plug one or several instances", "the number of
#            components to balance". ejabberd_router.erl, `do_route` and `get_component_number`; those of 2026 are the same.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package ejabberd 23.01

play() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
amy = Client(client_port, "amy")
connected = {}

def ask(when, count=60):
    """Says who gets how many of Amy's requests: instances as requests, she herself as errors."""
    asked = [f"{when}-{number}" for number in range(count)]
    for name in asked:
        amy.send(f"<iq type='get' id='{name}' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
        time.sleep(0.01)
    found = dict.fromkeys(asked, "nobody")
    for name, stream in [("Amy as an error", amy), *connected.items()]:
        stream.until("nothing like this", 1)
        found.update((number, name) for number in re.findall(" id='([^']*)'", stream.text) if number in found)
        stream.text = ""
    shares = {name: list(found.values()).count(name) for name in ("first", "second", "third", "Amy as an error", "nobody")}
    print(f"{when}:", ", ".join(f"{name} {'some' if number < count else 'all'}" for name, number in shares.items() if number))

connected["first"] = Component(component_port)
ask("one instance")
connected["second"] = Component(component_port)
ask("two instances")
connected["third"] = Component(component_port)
ask("three instances")
connected.pop("first").close()
time.sleep(1)
ask("the first one is gone")
connected.pop("second").close()
time.sleep(1)
ask("only the third one is there")
connected.pop("third").close()
time.sleep(1)
ask("none is there")
PY
}

echo "== with component_number: 2"
start_ejabberd "" "" 'domain_balancing:
  itseme.example.org:
    component_number: 2'
play | tee "$folder/two.says"
stop
echo "== without the setting"
start_ejabberd ""
play | tee "$folder/none.says"
stop

echo "== with a type alone"
start_ejabberd "" "" 'domain_balancing:
  itseme.example.org:
    type: bare_source'
python3 - "$here" "$component_port" <<'PY' | tee "$folder/type.says"
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from raw import Stream

service = Stream(int(sys.argv[2]))
service.send("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='itseme.example.org'>")
number = service.until("<stream:stream[^>]* id='([^']*)'[^>]*>")[1]
service.send(f"<handshake>{hashlib.sha1((number + 'secret').encode()).hexdigest()}</handshake>")
service.until("nothing like this", 10)
print("after the handshake:", service.text)
PY

with() { grep --quiet --line-regexp --fixed-strings "$1" "$folder/two.says"; }
without() { grep --quiet --line-regexp --fixed-strings "$1" "$folder/none.says"; }
expect "one instance gets a part, and the rest is lost" with "one instance: first some, nobody some"
expect "two get everything" with "two instances: first some, second some"
expect "a third one is accepted and gets nothing" with "three instances: first some, second some"
expect "not even when a slot is free" with "the first one is gone: second some, nobody some"
expect "nor when it is alone" with "only the third one is there: nobody all"
expect "nobody is told" with "none is there: nobody all"
expect "with a type alone, none can connect" grep -qx 'after the handshake: </stream:stream>' "$folder/type.says"
expect "without the setting, one instance gets everything" without "one instance: first all"
expect "so does the last one" without "only the third one is there: third all"
expect "and there is an error when there is none" without "none is there: Amy as an error all"
