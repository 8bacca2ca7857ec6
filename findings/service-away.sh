#!/usr/bin/env bash
# While a component restarts, one server says "wait", one "no such server", and one "no such item".
#
# Software:  prosody 0.12.3-1+deb12u1, ejabberd 23.01-1 and jabberd2 2.7.0-4 (Debian 12).
# Guess:     all know the component from their own configuration and say so of a component that is not connected now: type
#            `wait`, condition <service-unavailable/> or <remote-server-timeout/>.
# Observed:  Prosody: `wait`, <remote-server-timeout/> "Component unavailable", in an instant. ejabberd forgets the domain
#            the moment that the component is gone, and asks DNS for a server of that name. Without a DNS record, it answers
#            `cancel`, <remote-server-not-found/> "DNS lookup failed". With one, it calls itself, refuses its own call, and
#            answers `wait`, <remote-server-timeout/> "Stream closed by peer: host-unknown". jabberd2 answers `cancel`,
#            <item-not-found/>, as the component itself does for what it does not have. (By hand: with its s2s part and a
#            DNS record, too; with s2s and no record <remote-server-not-found/> once, then <service-unavailable/>.) Messages
#            are not kept for later at any.
# Matters:   an update of the service takes seconds. A client that trusts RFC 6120 ("cancel": do not retry) gives up for
#            good on ejabberd, depending on DNS, and on Prosody it tries again. On jabberd2 it takes "the service is away"
#            for "that number has no owner". Clients have to treat <remote-server-not-found/> from a service that answered
#            before as "wait", and believe <item-not-found/> only with the application's own condition beside it.
# Source:    RFC 6120, 8.3.2 (types), 8.3.3.7 and 8.3.3.16.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01
debian_package jabberd2 2.7.0

# start_jabberd2: the same for Debian's jabberd2, without its part for other servers.
start_jabberd2() {
  local example=$here/../jabberd2-example
  mkdir "$folder/jabberd2"
  read -r client_port component_port < <(free_ports 2)
  "$example/settings" "$folder/jabberd2" localhost "$client_port" "$component_port" secret
  "$example/add-account" "$folder/jabberd2" localhost amy secret
  "$example/jabberd2-in" "$folder/jabberd2" >"$folder/jabberd2.log" 2>&1 &
  started+=("$!")
  wait_for_line "$folder/jabberd2.log" "sm ready for sessions"
  wait_for_line "$folder/jabberd2.log" "ready for connections"
}

ask() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
service = Component(component_port)
amy = Client(client_port, "amy")
amy.send("<iq type='get' id='there' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
assert service.until("<iq[^>]*id=.there.*?</iq>")
service.send(f"<iq type='result' id='there' from='itseme.example.org' to='{amy.jid}'/>")
assert amy.until("there")
service.close()
time.sleep(1)
amy.send("<iq type='get' id='away' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
answer = amy.until("<error[^>]*type='([a-z]+)'.*?<([a-z-]+)", 60)
print("away:", answer[1], answer[2])
Component(component_port)
PY
}

echo "== Prosody"
start_prosody ""
ask | tee "$folder/prosody.says"
stop
echo "== jabberd2"
start_jabberd2
ask | tee "$folder/jabberd2.says"
stop
echo "== ejabberd"
read -r dns_port s2s_port < <(free_ports 2)
start_dns "$dns_port" "$s2s_port"
export ERL_INETRC=$folder/inetrc
printf '{resolv_conf, ""}.\n{hosts_file, ""}.\n{nameserver, {127,0,0,1}, %s}.\n{lookup, [dns]}.\n' "$dns_port" >"$ERL_INETRC"
listener="shaper: none
  - port: $s2s_port
    ip: \"127.0.0.1\"
    module: ejabberd_s2s_in"
start_ejabberd "" "$listener"
ask | tee "$folder/ejabberd-dns.says"
stop
echo "== ejabberd, without a DNS record"
stop
start_ejabberd "" "$listener"
ask | tee "$folder/ejabberd.says"

expect "Prosody: wait" grep -qx 'away: wait remote-server-timeout' "$folder/prosody.says"
expect "jabberd2: cancel, as for something that the component does not have" grep -qx 'away: cancel item-not-found' "$folder/jabberd2.says"
expect "ejabberd: wait, with a DNS record" grep -qx 'away: wait remote-server-timeout' "$folder/ejabberd-dns.says"
expect "ejabberd: cancel, without one" grep -qx 'away: cancel remote-server-not-found' "$folder/ejabberd.says"
