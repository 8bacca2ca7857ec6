#!/usr/bin/env bash
# Courier takes the sixth connection of a machine, and closes it without a word.
#
# Software:  courier-mta 1.0.16 (Debian 12), with the limits that it comes with.
# Guess:     a server that serves too many connections says "421 too many connections" to a further one, as RFC 5321 (3.8, 4.2.1) and the
#            others do; a relay on the same machine serves some dozens.
# Observed:  the sixth connection from an address (MAXPERIP=5), or from its 254 neighbours (MAXPERC=5), is accepted and closed at once,
#            without an answer. The machine's own address counts as any other; that it may relay changes nothing.
# Matters:   a program that sends each mail by a connection of its own has "the server answers nonsense" in its log, or "it is down", as
#            soon as six people ask for a code at once, and no code says that it may come again later. Set MAXPERIP and MAXPERC in
#            /etc/courier/esmtpd above the connections that your programs make; try again after a connection without a greeting.
# Source:    RFC 5321, 3.1, 3.8 and 4.2.1; couriertcpd(8), -maxperip and -maxperc, which do not say how.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs_root
debian_files courier courier-mta=1.0.16 courier-base=1.0.16 courier-authlib=0.71.4 libcourier-unicode4=2.1.2
read -r port < <(free_ports 1)
# As /usr/sbin/esmtpd calls it, but in the foreground, and on the loopback interface.
# shellcheck disable=SC2016
beside courier bash -c '
  echo courier:x:990:990::/var/lib/courier:/usr/sbin/nologin >>/etc/passwd
  echo courier:x:990: >>/etc/group
  . /etc/courier/esmtpd
  echo "MAXDAEMONS=$MAXDAEMONS MAXPERC=$MAXPERC MAXPERIP=$MAXPERIP"
  export RELAYCLIENT=
  exec /usr/sbin/couriertcpd -address=127.0.0.1 -noidentlookup -user="$MAILUSER" -group="$MAILGROUP" -maxprocs="$MAXDAEMONS" -maxperc="$MAXPERC" \
    -maxperip="$MAXPERIP" "$0" /usr/sbin/courieresmtpd' "$port" >"$folder/courier.log" 2>&1 &
started+=("$!")
wait_for_line "$folder/courier.log" MAXPERIP

cat >"$folder/connect.py" <<'PY'
import socket, sys, time

# Opens connections, the last after some of the first have ended, and prints what the server says at once.
def open_one():
    for _ in range(300):
        try:
            one = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    greeting = one.recv(500)
    print(len(connections) + 1, greeting.decode().strip() or "closed without a word", flush=True)
    return one

connections = []
for _ in range(7):
    connections.append(open_one())
for one in connections[:5]:
    one.sendall(b"QUIT\r\n")
    while one.recv(500):
        pass
time.sleep(1)
connections.append(open_one())
PY
python3 "$folder/connect.py" "$port" >"$folder/said"

cat "$folder/courier.log" "$folder/said"
says() { sed -n "$1p" "$folder/said" | grep --quiet "$2"; }
expect "five are greeted" says 5 "^5 220 "
expect "the sixth is closed without a word" says 6 "^6 closed without a word"
expect "when others have ended, one is greeted again" says 8 "^8 220 "
