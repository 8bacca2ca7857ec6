#!/usr/bin/env bash
# A hook that sends Prometheus's alerts by XMPP leaves their summary out, and says "Sent" while the XMPP server is away.
#
# Software:  prometheus-xmpp-alerts 0.6.0 with slixmpp 1.17.0 (PyPI), on prosody 0.12.3-1+deb12u1 (Debian 12).
# Guess:     an alert's message has its summary, as the README shows it ("FIRING: *AlertName* at somehost: Alert Summary"). What cannot be
#            sent is answered with an error, so that Alertmanager tries again, or another way.
# Observed:  the text is name, instance, `description` and an annotation `message`; `summary` is left out, and so are all labels but the
#            name, and host or instance. While it is not connected, it takes an alert with 200, "Sent 1 messages", although /health says
#            "not authenticated" (500): the alert is in its memory, arrives when the server is back, and never if it was started anew.
# Matters:   rules with a short `summary` that names the queue or budget, and a `description` of what to do, arrive as "The log has the
#            reason." The alert that the XMPP server is away comes when it is over, and Alertmanager, which was told that it was sent,
#            does not repeat it for `repeat_interval`, four hours. Set text_template; send that alert by another way; watch /health.
# Source:    README of prometheus-xmpp-alerts; Alertmanager, webhook_config (a 5xx is tried again).
set -euo pipefail
# slixmpp looks for a server at the usual port: all of it runs in a network of its own.
if [[ ${network:-} != own ]]; then
  # shellcheck source-path=SCRIPTDIR source=lib.sh
  . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
  python_packages prometheus-xmpp-alerts==0.6.0 slixmpp==1.17.0
  network=own venv=$folder/venv unshare --map-root-user --net "$0"
  exit
fi
ip link set lo up
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
tls_prosody "c2s_ports = { 5222 }"
export SSL_CERT_FILE=$folder/localhost.crt

cat >"$folder/play.py" <<'PY'
import json, os, subprocess, sys, time, urllib.error, urllib.request

here, folder, python, server = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client

HOOK = "http://127.0.0.1:9199"
SETTINGS = {"XMPP_ID": "michael@localhost", "XMPP_PASS": "secret", "XMPP_RECIPIENTS": "amy@localhost", "WEBHOOK_PORT": "9199"}


def start(what, *command):
    with open(f"{folder}/{what}.log", "ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | SETTINGS)


def end(program):
    program.terminate()
    program.wait()


def ask(path, data=None):
    """Returns status and text; a connection that is refused is tried again for some seconds."""
    request = urllib.request.Request(HOOK + path, data and json.dumps(data).encode(), {"Content-Type": "application/json"})
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return f"{answer.status} {answer.read().decode()}"
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"
        except urllib.error.URLError:
            time.sleep(0.1)
    return "nobody answers"


def alert(name):
    values = {"status": "firing", "labels": {"alertname": name, "queue": "email", "severity": "warning"},
              "annotations": {"summary": "cannot send mails", "description": "See the log."}, "generatorURL": "http://localhost:9090/graph",
              "startsAt": "2026-11-30T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}
    print(f"{name}:", ask("/alert", {"version": "4", "status": "firing", "alerts": [values]}), flush=True)


def healthy():
    for _ in range(200):
        if ask("/health").startswith("200"):
            return
        time.sleep(0.2)
    raise SystemExit("not connected")


def amy():
    for _ in range(50):
        try:
            client = Client(5222, "amy")
            break
        except ConnectionRefusedError:
            time.sleep(0.2)
    client.send("<presence/>")
    return client


def text(client, name):
    found = client.until(rf"<body>([^<]*\*{name}\*.*?)</body>", 10)
    print(f"{name}'s text:", *found[1].split("\n") if found else ["nothing"], flush=True)


client = amy()
hook = start("hook", python, "-m", "prometheus_xmpp")
healthy()
alert("Connected")
text(client, "Connected")
subprocess.run(["kill", server], check=True)
hook.wait(20)
print("the hook ends with its connection", flush=True)

# As with `Restart=` of systemd.
hook = start("hook", python, "-m", "prometheus_xmpp")
print("health:", ask("/health"), flush=True)
alert("Lost")
end(hook)
hook = start("hook", python, "-m", "prometheus_xmpp")
alert("Late")
again = start("prosody", "prosody", "-F", "--config", f"{folder}/prosody.cfg.lua")
client = amy()
healthy()
alert("Back")
client.until("nothing like this", 5)
seen = client.text
for name in "Lost", "Late", "Back":
    print(f"{name}:", "arrived" if f"*{name}*" in seen else "did not arrive")
end(hook)
end(again)
PY
"$venv/bin/pip" list 2>"$folder/pip.log" | grep -E "^(prometheus-xmpp-alerts|slixmpp) "
python3 "$folder/play.py" "$here" "$folder" "$venv/bin/python" "${started[-1]}" | tee "$folder/seen"

says() { grep -qxF "$1" "$folder/seen"; }
expect "the text has the description, and no summary" says "Connected's text: FIRING:*Connected*  See the log.  Link: http://localhost:9090/graph"
expect "without its server it says that it is not well" says "health: 500 not authenticated to server"
expect "and that it has sent" says "Lost: 200 Sent 1 messages"
expect "what it has in its memory is gone with it" says "Lost: did not arrive"
expect "or comes when the server is back" says "Late: arrived"
expect "with what is sent then" says "Back: arrived"
