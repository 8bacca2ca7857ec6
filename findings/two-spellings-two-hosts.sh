#!/usr/bin/env bash
# bücher.example and xn--bcher-kva.example are two different hosts for Prosody 0.12.3 and for ejabberd 23.01.
#
# Software:  prosody 0.12.3-1+deb12u1 and ejabberd 23.01-1 (Debian 12).
# Guess:     the two ways to write an internationalised domain are one host: a client may log in to either, and a message
#            to either reaches the same account. RFC 7622, 3.2 has A-labels turned into U-labels before domains are compared.
# Observed:  whichever of the two the admin has written is the only one that exists. To the other, logging in ends with
#            <host-unknown/>; a message to amy@ the other is routed as one to a foreign server, and bounced where that
#            does not answer (<remote-server-not-found/> at ejabberd, <not-allowed/> at a Prosody without s2s).
# Matters:   a hash has one spelling of the domain, but a message must be sent to the spelling that came in the stanza's
#            `from`. A service that keeps only the canonical JID, and writes to that, reaches nobody at half of these
#            servers: no code, no introduction.
# Source:    RFC 7622, section 3.2.1.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

# write HOST OTHER: Amy of HOST writes to herself at both.
write() {
  python3 - "$here" "$client_port" "$@" <<'PY'
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Stream

port, host, other = int(sys.argv[2]), *sys.argv[3:]
stream = Stream(port)
stream.send(f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{other}'>")
print("logging in to the other spelling:", "refused" if stream.until("<host-unknown") else "possible")
amy = Client(port, "amy", host=host)
amy.send("<presence/>")
assert amy.until("<presence")
for name, domain in (("own", host), ("other", other)):
    amy.send(f"<message to='amy@{domain}' type='chat' id='{name}'><body>x</body></message>")
    answer = amy.until(f"<message([^>]*id='{name}'[^>]*)>.*?</message>")
    error = re.search(r"<error.*?<([a-z-]+)", answer[0])
    print(f"message to the {name} spelling:", error[1] if error else "arrived")
PY
}

for pair in "bücher.example xn--bcher-kva.example" "xn--bcher-kva.example bücher.example"; do
  read -r host other <<<"$pair"
  echo "== Prosody, VirtualHost \"$host\""
  start_prosody "" "$host"
  write "$host" "$other" | tee -a "$folder/prosody.out"
  stop
  echo "== ejabberd, hosts: [\"$host\"]"
  start_ejabberd "" "" "" "$host"
  write "$host" "$other" | tee -a "$folder/ejabberd.says"
  stop
done

for file in prosody.out ejabberd.says; do
  expect "${file%.*}: own spelling arrives, both times" test "$(grep -c 'own spelling: arrived' "$folder/$file")" = 2
  expect "${file%.*}: no logging in to the other" test "$(grep -c 'refused' "$folder/$file")" = 2
  expect "${file%.*}: the other is not the same account" test "$(grep -c 'other spelling: arrived' "$folder/$file")" = 0
done
