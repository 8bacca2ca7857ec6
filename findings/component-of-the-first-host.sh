#!/usr/bin/env bash
# With mod_isolation, a component belongs to the host that ejabberd's configuration names first, whatever its own name.
#
# Software:  ejabberd 23.01-1 with ejabberd-mod-isolation 0.2023.01.25~dfsg0-1 (Debian 12).
# Guess:     "blocks communication of users between different virtual hosts": a component is no virtual host, so all people reach it; or
#            nobody does; or itseme.example.org belongs to example.org, as in the lists of services.
# Observed:  the people of the first host in `hosts` reach it, and it reaches them. For all others it is <forbidden/>, "Access denied by
#            service policy", and so are its messages to them. Its name does not matter: with example.net first, itseme.example.org is
#            among the services of example.org, whose people it cannot serve, and serves those of example.net, who do not see it.
#            global_routes: true changes nothing. (Source: the route of a component is registered for the first host, and filter_packet() of
#            the module compares the hosts of both routes.)
# Matters:   where a machine has the hosts of several clubs or firms, the service is there for one of them, and the clients of the others
#            offer it and show an error. A host that is put in front of the list takes it away from those who had it, and from then on
#            each message to them comes back like that to somebody who wants none.
# Source:    README of mod_isolation (ejabberd-contrib), docs.ejabberd.im: ejabberd_service, global_routes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package ejabberd 23.01
debian_package ejabberd-mod-isolation 0.2023.01.25

cat >"$folder/ask.py" <<'PY'
"""Amy of each host looks for services, asks the component, and is written to by it."""
import sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:4])
NAME = "itseme.example.org"
service = Component(component_port, NAME)
for host in "example.org", "example.net":
    amy = Client(client_port, "amy", host=host)
    amy.send("<presence/>")
    amy.until("<presence")
    amy.send(f"<iq type='get' id='items' to='{host}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>")
    listed = "listed" if NAME in amy.until("<iq[^>]*id=.items.*?</iq>")[0] else "not listed"
    amy.send(f"<iq type='get' id='ask' to='{NAME}'><links xmlns='it-se.me:register'/></iq>")
    asks = "asks" if service.until("<iq[^>]*id=.ask", 3) else amy.until("id=.ask.*?<error[^>]*><([a-z-]+)")[1]
    service.send(f"<message from='itseme@{NAME}' to='amy@{host}' type='chat' id='tell'><body>hello</body></message>")
    told = "is told" if amy.until("<message[^>]*id=.tell", 3) else service.until("id=.tell.*?<error[^>]*><([a-z-]+)")[1]
    print(f"{host}: {listed}, {asks}, {told}", flush=True)
PY

# serves MODULES HOSTS LINE…: whether the people of both hosts have it just so.
serves() {
  local lines
  start_ejabberd "$1" "" "" "$2"
  lines=$(python3 "$folder/ask.py" "$here" "$client_port" "$component_port")
  stop
  echo "hosts: $2;$1${global_routes:+ global_routes: $global_routes}"
  printf '  %s\n' "${lines//$'\n'/$'\n'  }"
  [[ $lines == "$(printf '%s\n' "${@:3}")" ]]
}

isolation="  mod_isolation: {}"
expect "without mod_isolation, it serves all" serves "" "example.net example.org" \
  "example.org: listed, asks, is told" "example.net: not listed, asks, is told"
expect "with it, the first host, which is the one of its name" serves "$isolation" "example.org example.net" \
  "example.org: listed, asks, is told" "example.net: not listed, forbidden, forbidden"
expect "or is not" serves "$isolation" "example.net example.org" \
  "example.org: listed, forbidden, forbidden" "example.net: not listed, asks, is told"
global_routes=true
expect "global_routes change nothing for the first host" serves "$isolation" "example.org example.net" \
  "example.org: listed, asks, is told" "example.net: not listed, forbidden, forbidden"
expect "nor for the other one" serves "$isolation" "example.net example.org" \
  "example.org: listed, forbidden, forbidden" "example.net: not listed, asks, is told"
