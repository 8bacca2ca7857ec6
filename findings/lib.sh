# shellcheck shell=bash
# What the scripts of this folder share: a temporary folder, free ports, pinned packages, servers on loopback.
# Sourced, never run. Whatever is started here is stopped by its process id, and the folder is removed, when the script ends.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
started=()
# Programs in Rust are called where cargo puts them by itself.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_TARGET

clean_up() {
  local code=$? pid
  trap - EXIT INT TERM
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# node_packages NAME@VERSION…: installs npm packages; `node` finds them for programs in $folder.
node_packages() {
  (cd "$folder" && npm init --yes && npm install --no-audit --no-fund --ignore-scripts "$@") >"$folder/npm.log" 2>&1 ||
    { cat "$folder/npm.log" >&2 && exit 1; }
}

# python_packages NAME==VERSION…: installs PyPI packages; $python has them.
python_packages() {
  python3 -m venv "$folder/venv"
  python=$folder/venv/bin/python
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# rust_package NAME DEPENDENCY…: makes a package in $folder/NAME, with lines of Cargo.toml as its dependencies. Its program is to be written
# to src/main.rs there.
rust_package() {
  mkdir -p "$folder/$1/src"
  {
    printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n' "$1"
    printf '%s\n' "${@:2}"
    printf '\n[profile.dev]\ndebug = false\nincremental = false\n\n[workspace]\n'
  } >"$folder/$1/Cargo.toml"
}

# build_rust NAME: builds it. The program is $folder/NAME/target/debug/NAME.
build_rust() { (cd "$folder/$1" && nice -n 10 cargo build --quiet); }

# debian_package NAME VERSION: ends the script unless that version is installed.
debian_package() {
  local version
  version=$(dpkg-query --show --showformat '${Version}' "$1" 2>/dev/null || true)
  echo "Debian: $1 ${version:-is not installed}"
  [[ $version == "$2"* ]] || { echo "this finding is about $1 $2" >&2 && exit 1; }
}

# debian_files FOLDER NAME=VERSION…: downloads Debian's packages into a folder of $folder; ends the script where Debian has none whose
# version begins so. What comes behind it, Debian's revision and its rebuilds, differs between architectures and updates.
debian_files() {
  local place=$folder/$1 file
  shift
  mkdir "$place"
  (cd "$place" && apt-get download -qq -o APT::Sandbox::User=root "${@/%/*}") || { echo "this finding is about $*" >&2 && exit 1; }
  for file in "$place"/*.deb; do
    # shellcheck disable=SC2016
    echo "Debian: $(dpkg-deb --show --showformat '${Package} ${Version}' "$file")"
  done
}

# needs_root: ends the script unless root has called it, as `beside` needs.
needs_root() {
  [[ $EUID == 0 ]] || { echo "only root can run this: it unpacks packages in a view of this machine" >&2 && exit 1; }
}

# beside FOLDER PROGRAM…: becomes a program in a view of this machine where the packages of `debian_files FOLDER` are unpacked, which
# cannot be installed beside those that are there, as a second mail server cannot. What it writes outside of $folder goes with it.
beside() {
  local place=$folder/$1
  shift
  # shellcheck disable=SC2016
  exec unshare --mount bash -c '
    set -euo pipefail
    folder=$1 packages=$2
    root=$packages/root
    shift 2
    mkdir "$root"
    mount -t tmpfs view "$root"
    mkdir "$root"/{files,work,all}
    mount -t overlay -o "lowerdir=/,upperdir=$root/files,workdir=$root/work" view "$root/all"
    root+=/all
    for package in "$packages"/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
    done
    for place in /dev /proc "$folder"; do
      mkdir -p "$root$place"
      mount --rbind "$place" "$root$place"
    done
    mount -t tmpfs run "$root/run"
    exec chroot "$root" "$@"' beside "$folder" "$place" "$@"
}

# stop: ends the program that was started last.
stop() {
  kill "${started[-1]}"
  wait "${started[-1]}" 2>/dev/null || true
  unset 'started[-1]'
}

# free_ports COUNT: prints ports of 127.0.0.1 that nobody uses.
free_ports() {
  python3 - "$1" <<'PY'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))
PY
}

# wait_for_line FILE TEXT: waits until a program that was started has written it.
wait_for_line() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    ! grep --quiet --fixed-strings "$2" "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  tail -n 20 "$1" >&2
  return 1
}

# start_prosody SETTINGS [HOST]: starts Debian's Prosody with one host (localhost) that has the accounts amy and michael
# (password: secret), and the component itseme.example.org (secret: secret). SETTINGS are lines for the global part.
# Sets client_port and component_port.
start_prosody() {
  local host=${2:-localhost} name
  rm -rf "$folder/data"
  mkdir -p "$folder"/{data,certificates}
  read -r client_port component_port < <(free_ports 2)
  cat >"$folder/prosody.cfg.lua" <<LUA
data_path = "$folder/data"
pidfile = "$folder/prosody.pid"
certificates = "$folder/certificates"
run_as_root = true
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { $client_port }
component_interfaces = { "127.0.0.1" }
component_ports = { $component_port }
modules_enabled = { "saslauth", "roster", "disco", "offline", "ping" }
modules_disabled = { "s2s", "tls", "s2s_auth_certs", "http", "https" }
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
$1
VirtualHost "$host"
Component "itseme.example.org"
	component_secret = "secret"
LUA
  for name in amy michael; do
    prosodyctl --config "$folder/prosody.cfg.lua" register "$name" "$host" secret >"$folder/register.log"
  done
  prosody -F --config "$folder/prosody.cfg.lua" >"$folder/prosody.log" 2>&1 &
  started+=("$!")
  wait_for_line "$folder/prosody.log" "Activated service 'component'"
}

# start_ejabberd MODULES [CLIENTS [SETTINGS [HOSTS]]]: the same with Debian's ejabberd. MODULES and SETTINGS are lines of
# YAML, CLIENTS are lines of the listener for clients, HOSTS are words. Sets api_port, too: its HTTP API, open to this machine.
# The component's global_routes are what the variable of that name says, or false.
start_ejabberd() {
  local name host hosts
  read -ra hosts <<<"${4:-localhost}"
  rm -rf "$folder"/{spool,ejabberd.log}
  read -r client_port component_port api_port < <(free_ports 3)
  cat >"$folder/ejabberd.yml" <<YAML
hosts: [$(printf '"%s", ' "${hosts[@]}")]
loglevel: info
log_rotate_count: 0
auth_password_format: scram
listen:
  - port: $client_port
    ip: "127.0.0.1"
    module: ejabberd_c2s
${2:+    $2}
  - port: $component_port
    ip: "127.0.0.1"
    module: ejabberd_service
    global_routes: ${global_routes:-false}
    shaper: none
    hosts:
      itseme.example.org:
        password: secret
  - port: $api_port
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
api_permissions:
  findings:
    who: { ip: 127.0.0.1/32 }
    what: "*"
${3:-}
modules:
  mod_disco: {}
  mod_http_api: {}
  mod_offline: {}
  mod_roster: {}
$1
YAML
  (
    cd "$folder"
    export EJABBERD_CONFIG_PATH=$folder/ejabberd.yml EJABBERD_LOG_PATH=$folder/ejabberd.log HOME=$folder ERL_CRASH_DUMP_BYTES=0
    eval "$(grep '^ERL_LIBS=' "$(PATH=$PATH:/usr/sbin command -v ejabberdctl)")"
    export ERL_LIBS
    exec erl -noinput -mnesia dir "\"$folder/spool\"" -s ejabberd
  ) >"$folder/ejabberd.out" 2>&1 &
  started+=("$!")
  wait_for_line "$folder/ejabberd.log" "Start accepting TCP connections at 127.0.0.1:$api_port for ejabberd_http"
  for host in "${hosts[@]}"; do
    for name in amy michael; do
      curl --silent --show-error --fail --output /dev/null --json "{\"user\": \"$name\", \"host\": \"$host\", \"password\": \"secret\"}" \
        "http://127.0.0.1:$api_port/api/register"
    done
  done
}

# start_dns PORT S2S_PORT: a DNS server that knows one thing of each name: servers reach it on this machine, at that port.
start_dns() {
  python3 - "$@" >"$folder/dns.log" <<'PY' &
import socket, struct, sys

port, s2s_port = map(int, sys.argv[1:])
SERVICE, SRV = b"\x0c_xmpp-server\x04_tcp", 33
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", port))
print("ready", flush=True)
while True:
    query, asker = server.recvfrom(4096)
    end = query.index(b"\0", 12) + 1
    known = query[12:].startswith(SERVICE) and int.from_bytes(query[end:end + 2], "big") == SRV
    place = struct.pack(">HHH", 0, 0, s2s_port) + b"\x09localhost\0"
    answer = struct.pack(">HHHIH", 0xC00C, SRV, 1, 60, len(place)) + place if known else b""
    flags = 0x8180 if known else 0x8183
    server.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, int(known), 0, 0) + query[12:end + 4] + answer, asker)
PY
  started+=("$!")
  wait_for_line "$folder/dns.log" ready
}

# federate MODULES LISTENERS: starts a Prosody with here.example and the component itseme.example.org, and an ejabberd with there.example,
# which gets these lines of YAML for its modules and listeners. They find each other on this machine. Sets here_port and here_component,
# Prosody's ports; the others are ejabberd's.
federate() {
  local here_s2s there_s2s dns
  read -r here_s2s there_s2s dns < <(free_ports 3)
  # Of an option that is set twice, the last one counts.
  mkdir "$folder/plugins"
  cat >"$folder/plugins/mod_loopback.lua" <<LUA
module:set_global()
local resolver = {}
function resolver:lookup(found, name, kind)
	if kind == "SRV" and name:find("there.example", 1, true) then
		found({ { srv = { priority = 0, weight = 0, port = $there_s2s, target = "localhost" } } })
	else
		found(kind == "A" and { { a = "127.0.0.1" } } or {})
	end
end
require "net.adns".resolver = function () return resolver end
LUA
  start_prosody "plugin_paths = { '$folder/plugins' }
modules_enabled = { 'loopback', 'saslauth', 'roster', 'disco', 'dialback', 'smacks' }
modules_disabled = { 'tls', 's2s_auth_certs', 'http', 'https' }
s2s_ports = { $here_s2s }
s2s_require_encryption = false
s2s_secure_auth = false" here.example
  here_port=$client_port here_component=$component_port

  # ejabberd finds here.example and itseme.example.org there, too: a DNS server says so of each name.
  start_dns "$dns" "$here_s2s"
  export ERL_INETRC=$folder/inetrc
  printf '{resolv_conf, ""}.\n{hosts_file, ""}.\n{nameserver, {127,0,0,1}, %s}.\n{lookup, [dns]}.\n' "$dns" >"$ERL_INETRC"
  start_ejabberd "  mod_s2s_dialback: {}
$1" "shaper: none
  - port: $there_s2s
    ip: \"127.0.0.1\"
    module: ejabberd_s2s_in
$2" "s2s_use_starttls: false" there.example
}

# kannel_settings FOLDER LINES: writes kannel.conf there, for bearerbox with a fake SMSC and smsbox on free ports. LINES come behind those
# of smsbox. Sets smsc, sendsms and admin, the ports of these and of the commands to bearerbox.
kannel_settings() {
  local boxes
  read -r admin boxes smsc sendsms < <(free_ports 4)
  cat >"$1/kannel.conf" <<CONF
group = core
admin-port = $admin
admin-interface = 127.0.0.1
admin-password = adm
smsbox-port = $boxes
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = $smsc
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = $sendsms
sendsms-interface = 127.0.0.1
$2
CONF
}

# spamassassin_rules PATTERN: prints the rules of that pattern that the mail on the standard input has, by Debian's SpamAssassin with its
# own rules alone.
spamassassin_rules() {
  mkdir -p "$folder/home"
  HOME=$folder/home spamassassin --local --test-mode 2>/dev/null | grep -o "$1" | sort -u | tr '\n' ' ' || true
}

# mail_head NAME TYPE: prints the head of a mail with a code, as the recipient's server has it from a machine of that name.
mail_head() {
  cat <<MAIL
Received: from mail.example.org ($1 [198.51.100.7])
	by mx.example.com (Postfix) with ESMTP id 4XYZ1 for <amy@example.com>;
	Mon, 30 Nov 2026 12:00:00 +0000 (UTC)
From: Verify <verify@example.org>
To: amy@example.com
Subject: 471108 is your code
Date: Mon, 30 Nov 2026 12:00:00 +0000
Message-ID: <4711.0815@example.org>
MIME-Version: 1.0
Content-Type: text/$2; charset=utf-8

MAIL
}

# start_radicale: starts Radicale, which must be installed for $python, with an address book of amy's (with any password). Sets its
# address, book.
start_radicale() {
  local port
  port=$(free_ports 1)
  cat >"$folder/radicale.conf" <<CONF
[server]
hosts = 127.0.0.1:$port
[auth]
type = none
[storage]
filesystem_folder = $folder/collections
CONF
  "$python" -m radicale --config "$folder/radicale.conf" >"$folder/radicale.log" 2>&1 &
  started+=("$!")
  book=http://127.0.0.1:$port/amy/book
  wait_for_line "$folder/radicale.log" "Radicale server ready"
  ask --request MKCOL --header 'Content-Type: application/xml' "$book/" --data "<mkcol xmlns='DAV:'><set><prop><resourcetype><collection/>\
<addressbook xmlns='urn:ietf:params:xml:ns:carddav'/></resourcetype></prop></set></mkcol>"
}

# ask OPTION… ADDRESS: asks Radicale by curl.
ask() { curl --silent --show-error --fail --user amy:secret "$@"; }

# start_mailbox: starts an IMAP and an SMTP server for amy@example.com (password: secret) by pymap and aiosmtpd, which must be installed
# for $python. What is sent stands in smtp.log, each mail behind a line of "=====". Sets their ports, imap and smtp. For programs in
# $folder, makes delta_chat.profile: a new profile of Delta Chat there, which is connected.
start_mailbox() {
  read -r imap smtp < <(free_ports 2)
  "$folder/venv/bin/pymap" --debug --host 127.0.0.1 --port "$imap" --no-tls dict --demo-user amy@example.com --demo-password secret \
    >"$folder/imap.log" 2>&1 &
  started+=("$!")
  cat >"$folder/mailbox.py" <<'PY'
import sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Taken:
    async def handle_DATA(self, server, session, envelope):
        print("=====", envelope.content.decode().replace("\r\n", "\n"), sep="\n", flush=True)
        return "250 taken"


Controller(Taken(), hostname="127.0.0.1", port=int(sys.argv[1]), authenticator=lambda *_: AuthResult(success=True), auth_require_tls=False).start()
print("ready", flush=True)
threading.Event().wait()
PY
  "$python" -W ignore "$folder/mailbox.py" "$smtp" >"$folder/smtp.log" 2>"$folder/mailbox.log" &
  started+=("$!")
  cat >"$folder/delta_chat.py" <<'PY'
import contextlib, os, sys, tempfile
from deltachat_rpc_client import DeltaChat, Rpc


@contextlib.contextmanager
def profile(folder, imap, smtp, force_encryption=None):
    server = os.path.join(os.path.dirname(sys.executable), "deltachat-rpc-server")
    with Rpc(accounts_dir=tempfile.mkdtemp(dir=folder) + "/accounts", rpc_server_path=server) as rpc:
        account = DeltaChat(rpc).add_account()
        # pymap ends a connection that awaits mails.
        account.set_config("disable_idle", "1")
        if force_encryption:
            account.set_config("force_encryption", force_encryption)
        account.add_or_update_transport({
            "addr": "amy@example.com", "password": "secret", "imapUser": "amy@example.com", "smtpUser": "amy", "smtpPassword": "secret",
            "imapServer": "127.0.0.1", "imapPort": imap, "imapSecurity": "plain",
            "smtpServer": "127.0.0.1", "smtpPort": smtp, "smtpSecurity": "plain",
        })
        account.bring_online()
        yield account
PY
  wait_for_line "$folder/smtp.log" ready
  until (: <"/dev/tcp/127.0.0.1/$imap") 2>/dev/null; do sleep 0.1; done
}

# tls_prosody SETTINGS: starts Prosody with TLS, without which Kaidan and Dino do not log in, and with an archive that stays empty, without
# which Kaidan keeps no message. $folder/trusted has the certificates that this machine trusts, and Prosody's.
tls_prosody() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/localhost.key" -out "$folder/localhost.crt" -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>"$folder/openssl.log"
  cp -r /etc/ssl/certs "$folder/trusted"
  cp "$folder/localhost.crt" "$folder/trusted/$(openssl x509 -hash -noout -in "$folder/localhost.crt").0"
  cat "$folder/localhost.crt" >>"$folder/trusted/ca-certificates.crt"
  start_prosody "modules_disabled = { \"s2s\", \"s2s_auth_certs\", \"http\", \"https\" }
modules_enabled = { \"saslauth\", \"roster\", \"disco\", \"offline\", \"ping\", \"tls\", \"mam\" }
default_archive_policy = false
ssl = { key = \"$folder/localhost.key\", certificate = \"$folder/localhost.crt\" }
$1"
}

# service_as_contact: puts the service into amy's contact list on Prosody, before she logs in.
service_as_contact() {
  mkdir -p "$folder/data/localhost/roster"
  cat >"$folder/data/localhost/roster/amy.dat" <<'LUA'
return {
	[false] = { version = 1; pending = {}; };
	["itseme@itseme.example.org"] = { subscription = "both"; name = "Find friends"; groups = {}; };
};
LUA
}

# kaidan_profile: starts that Prosody, and writes amy's profile of Kaidan. For programs in $folder, makes kaidan.py: the lines of the
# screen's picture, four bytes for each of a thousand points, and the messages that Kaidan has kept.
kaidan_profile() {
  tls_prosody ""
  mkdir -p "$folder/home/.config/kaidan"
  printf '[auth]\njid=amy@localhost\npassword=%s\nhost=localhost\nport=%s\nonline=true\n' "$(printf secret | base64)" "$client_port" \
    >"$folder/home/.config/kaidan/kaidan.conf"
  cat >"$folder/kaidan.py" <<'PY'
import sqlite3, struct


def picture(folder):
    with open(f"{folder}/screen/Xvfb_screen0", "rb") as screen:
        data = screen.read()
    size, line, colours = (struct.unpack(">I", data[at:at + 4])[0] for at in (0, 48, 76))
    return [data[start:start + line] for start in range(size + 12 * colours, len(data), line)]


def kept(folder):
    with sqlite3.connect(f"file:{folder}/home/.local/share/kaidan/messages.sqlite3?mode=ro", uri=True) as messages:
        return [body for body, in messages.execute("SELECT message FROM Messages ORDER BY timestamp")]
PY
}

# kaidan COMMAND…: runs a command beside Kaidan, in a view of this machine that trusts that Prosody.
kaidan() {
  # shellcheck disable=SC2016
  desktop unshare --map-root-user --mount bash -c '
    set -euo pipefail
    folder=$1
    shift
    mount --bind "$folder/trusted" /etc/ssl/certs
    kaidan >"$folder/kaidan.log" 2>&1 &
    client=$!
    trap "kill \$client" EXIT
    "$@"' kaidan "$folder" "$@"
}

# desktop COMMAND…: runs a command with a home in $folder/home, on a screen whose picture is $folder/screen/Xvfb_screen0 (XWD).
desktop() {
  mkdir -p "$folder"/{home,screen,run}
  chmod 700 "$folder/run"
  # shellcheck disable=SC2016
  env -u WAYLAND_DISPLAY HOME="$folder/home" XDG_RUNTIME_DIR="$folder/run" LANG=C.UTF-8 GDK_BACKEND=x11 GSK_RENDERER=cairo \
    GTK_A11Y=none GSETTINGS_BACKEND=memory QT_QPA_PLATFORM=xcb QT_QUICK_BACKEND=software bash -c '
      set -euo pipefail
      folder=$1
      shift
      Xvfb -displayfd 3 -screen 0 1000x700x24 -fbdir "$folder/screen" -nolisten tcp 3>"$folder/display" 2>"$folder/screen.log" &
      screen=$!
      trap "kill \$screen" EXIT
      while [[ ! -s $folder/display ]]; do sleep 0.1; done
      DISPLAY=:$(<"$folder/display") dbus-run-session -- "$@"' desktop "$folder" "$@" 2>"$folder/desktop.log" ||
    { tail -n 20 "$folder/desktop.log" >&2 && return 1; }
}

# expect TEXT COMMAND…: says whether the behaviour is still the one that was found; ends the script where it is not.
expect() {
  local text=$1
  shift
  if "$@"; then
    echo "as found: $text"
  else
    echo "changed: no longer so: $text" >&2
    exit 1
  fi
}
