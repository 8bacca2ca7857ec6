# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# What the example runs on: installing, building, starting, stopping. Sourced by example.sh, which
# sets "folder" (everything of this run; removed at the end).

started=()   # process ids, in the order they were started
patience=300 # tenths of a second anything may take

# Installs with apt what is missing; none of it starts by itself.
install_missing() {
  local package packages=()
  [[ -n ${ITSEME_BIN:-} && -n ${ITSEME_CLIENT_BIN:-} ]] || "$repository/scripts/need-rust" || fail "Nothing was installed."
  PATH=$PATH:/usr/sbin command -v "$server_program" >/dev/null || packages+=("$server_package")
  command -v python3 >/dev/null || packages+=(python3)
  command -v curl >/dev/null || packages+=(curl)
  command -v cc >/dev/null || packages+=(build-essential)
  has_aiosmtpd || packages+=(python3-aiosmtpd)
  for package in "${more_packages[@]}"; do
    has_package "$package" || packages+=("$package")
  done
  ((${#packages[@]})) || return 0
  say "Installing with apt: ${packages[*]}"
  "$repository/scripts/install-packages" "${packages[@]}" || fail "These packages are needed: ${packages[*]}"
}

has_aiosmtpd() {
  python3 -c 'import aiosmtpd' 2>/dev/null || /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null
}

# has_package NAME: whether that package of Debian is installed.
has_package() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Builds the service and the client, unless ITSEME_BIN and ITSEME_CLIENT_BIN name built ones.
build() {
  service_binary=${ITSEME_BIN:-$repository/target/release/itseme}
  client_binary=${ITSEME_CLIENT_BIN:-$repository/client/target/release/itseme-client}
  # To the service, variables that begin like this are its configuration.
  export -n ITSEME_BIN ITSEME_CLIENT_BIN
  if [[ -z ${ITSEME_BIN:-} ]]; then
    say "Building the service (the first time this takes some minutes)"
    cargo build --release --locked --manifest-path "$repository/Cargo.toml"
  fi
  if [[ -z ${ITSEME_CLIENT_BIN:-} ]]; then
    say "Building the reference client"
    cargo build --release --locked --manifest-path "$repository/client/Cargo.toml"
  fi
}

# free_ports COUNT: loopback ports that are free, that the system gives to nobody by itself, and that this has not named before.
free_ports() {
  python3 - "$1" "$folder/ports" <<'PYTHON'
import random, socket, sys
count, named = int(sys.argv[1]), open(sys.argv[2], "a+")
named.seek(0)
known, found = named.read().split(), []
while len(found) < count:
    port = str(random.randrange(10000, 32000))
    with socket.socket() as attempt:
        if port not in known + found and attempt.connect_ex(("127.0.0.1", int(port))):
            found.append(port)
print(*found)
print(*found, file=named)
PYTHON
}

# start NAME TEXT COMMAND...: runs a server, its output in NAME.log, until that has a line with TEXT.
start() {
  local name=$1 text=$2 waited=0
  shift 2
  : >"$folder/$name.log"
  "$@" >>"$folder/$name.log" 2>&1 </dev/null &
  started+=($!)
  until grep -qF -- "$text" "$folder/$name.log"; do
    if ! kill -0 "${started[-1]}" 2>/dev/null || ((waited++ >= patience)); then fail_with "$folder/$name.log"; fi
    sleep 0.1
  done
}

# Ends what start() has started, the last first, and waits for it.
stop_all() {
  local index
  for ((index = ${#started[@]} - 1; index >= 0; index--)); do
    kill "${started[index]}" 2>/dev/null || true
    wait "${started[index]}" 2>/dev/null || true
  done
  started=()
}

# The port in a line like "listening on 127.0.0.1:25".
port_of() {
  grep -m1 -o 'listening on .*' "$folder/$1.log" | sed 's/.*://'
}

start_stand_ins() {
  local python stand_ins=$repository/tests/stand-ins
  python=$("$stand_ins/python-with" aiosmtpd "$repository/tests/target/python")
  start mail "listening on" "$python" "$stand_ins/mail.py" --show "$folder/maildir"
  start sms "listening on" python3 "$stand_ins/gateway.py" --show "$folder/sms.jsonl"
  mail_port=$(port_of mail)
  sms_port=$(port_of sms)
}

# shipped FILE: the lines for a live server as they are, but with the domain, secret and port of this run.
shipped() {
  sed -e 's/itseme\.example\.org/itseme.localhost/' -e 's/"change me"/"a secret of two"/' \
    -e "s/\\b5347\\b/$component_port/" "$1"
}

add_accounts() {
  local name
  for name in amy michael; do
    add_account "$name" "$name-password" >"$folder/accounts.log" 2>&1 || fail_with "$folder/accounts.log"
  done
}

start_service() {
  mkdir -p "$folder/service"
  # It has secrets.
  (umask 077 && service_settings "$http_port" "sqlite:$folder/service/itseme.db" "$folder/service" >"$folder/component.toml")
  start service "component connected" "$service_binary" --config "$folder/component.toml" run
}

# service_settings HTTP_PORT STORE_URL KEY_FOLDER: one instance. Clients reach it at $http_port, whether by a proxy or not.
service_settings() {
  cat <<TOML
[component]
jid = "itseme.localhost"
secret = "a secret of two"
server = "127.0.0.1:$component_port"

[http]
listen = "127.0.0.1:$1"
public_url = "http://127.0.0.1:$http_port"
trusted_proxies = [${proxy:-}]

[store]
url = "$2"
key_file = "$3/itseme.key"

[limits] # so that you can play
codes_per_day = 1000
codes_per_target_per_day = 1000
codes_per_address_per_day = 1000
resend_after = "0s"
repeat_contact_after = "0s"

[providers.email]
smtp = "smtp://127.0.0.1:$mail_port"
from = "it-se.me <verify@example.org>"

[providers.phone]
gateway = "twilio"
account_sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "gateway-token"
from = "+447700900000"
api_url = "http://127.0.0.1:$sms_port"
TOML
}

# A second client of each account that shows the messages as they arrive.
start_watching() {
  local name
  for name in amy michael; do
    WATCH_PASSWORD="$name-password" start "messages-$name" "watching" \
      python3 "$repository/example-lib/watch.py" "$name@localhost" --port "$client_port"
  done
}
