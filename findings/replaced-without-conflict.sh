#!/usr/bin/env bash
# Prosody 0.12.3 replaces a component's connection without telling it so, and loses what it had for it.
#
# Software:  prosody 0.12.3-1+deb12u1 (Debian 12) with `component_conflict_resolve = "kick_old"`.
# Guess:     the old connection gets what was routed to it, then <conflict/> "Replaced by a new connection" and
#            </stream:stream>.
# Observed:  so it is, while the old one is silent. When a stanza of it arrives at the same time as the handshake of the new
#            one, Prosody closes the old connection at once, and drops what it had yet to send there: the stanza that it had
#            routed (neither instance gets it, and its sender no error), the <conflict/>, and the end of the stream. In the
#            log it is "Error calling onincoming: … attempt to index a nil value (local 'session')". Under load this is
#            about every tenth time; here Prosody is stopped for a moment, so that all of it arrives at once.
# Matters:   the old instance sees a lost connection, and not that it was replaced. If it connects anew, as one does after a
#            lost connection, it replaces the new one, and so on. Whoever lost a connection has to look first whether
#            another instance has taken over; <conflict/> is a hint, its absence says nothing. Clients await an answer for a
#            limited time, and ask again.
# Source:    mod_component.lua, `listener.onincoming`: the session is forgotten when its connection is told to close, and
#            what this has already got to read is handed to it still. XEP-0114 does not say what a second connection does.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3

# play: the service is replaced ten times while it is silent, and ten times while it answers.
play() {
  python3 - "$here" "$client_port" "$component_port" "${started[-1]}" <<'PY'
import hashlib, os, re, signal, sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component, Stream

client_port, component_port, prosody = map(int, sys.argv[2:])
PING = "<iq type='get' id='{}' to='itseme.example.org'><ping xmlns='urn:xmpp:ping'/></iq>"

def rest(stream, seconds=0.5):
    """What comes until the stream ends, or for as long as nothing ends it; and whether it was ended."""
    start = time.monotonic()
    stream.until("nothing like this", seconds)
    text, stream.text = stream.text, ""
    return text, time.monotonic() - start < seconds

def replace(old, answers):
    """A new connection takes over, while a request is under way and the old one is silent or answers one."""
    amy.send(PING.format("before"))
    assert old.until("before.*?</iq>")
    new = Stream(component_port)
    new.send("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='itseme.example.org'>")
    number = new.until("<stream:stream[^>]* id='([^']*)'")[1]
    time.sleep(0.3)
    os.kill(prosody, signal.SIGSTOP)
    try:
        while open(f"/proc/{prosody}/stat").read().rsplit(")", 1)[1].split()[0] != "T":
            time.sleep(0.01)
        if answers:
            old.send(f"<iq type='result' id='before' from='itseme.example.org' to='{amy.jid}'/>")
            time.sleep(0.05)
        new.send(f"<handshake>{hashlib.sha1((number + 'secret').encode()).hexdigest()}</handshake>")
        time.sleep(0.05)
        amy.send(PING.format("under-way"))
        time.sleep(0.05)
    finally:
        os.kill(prosody, signal.SIGCONT)
    last, ended = rest(old, 2)
    assert ended
    got = [name for name, there in (
        ("the request", "under-way" in last), ("conflict", "<conflict" in last), ("the end of the stream", "</stream:stream>" in last)) if there]
    first, _ = rest(new)
    assert "<handshake" in first
    print(f"the old one {'answers' if answers else 'is silent'}: it gets {', '.join(got) or 'nothing'};",
          f"the new one {'gets the request' if 'under-way' in first else 'does not'};",
          f"Amy {'gets an error' if re.search('under-way.*?<error', rest(amy)[0]) else 'does not'}", flush=True)
    old.close()
    return new

amy = Client(client_port, "amy")
service = Component(component_port)
for answers in 10 * [False] + 10 * [True]:
    service = replace(service, answers)
PY
}

start_prosody 'component_conflict_resolve = "kick_old"'
play | sort | uniq -c | tee "$folder/says"
echo "Prosody's log: $(grep --max-count=1 --only-matching "Error calling onincoming.*" "$folder/prosody.log" || true)"

expect "a silent one is told" grep -qx ' *10 the old one is silent: it gets the request, conflict, the end of the stream; the new one does not; Amy does not' "$folder/says"
expect "one that answers is not, and the request is lost" grep -qx ' *[0-9]* the old one answers: it gets nothing; the new one does not; Amy does not' "$folder/says"
