# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# Two servers with a service each, and what is different in the story. Sourced by example-lib/example.sh.
#
# Amy is at amys.example, where itseme.amys.example is the service; Michael at michaels.example.

declare -A client_ports component_ports server_ports http_ports
people=(amy michael)

# The server of somebody, their service, and their JID.
host_of() { echo "${1}s.example"; }
service_of() { echo "itseme.${1}s.example"; }
jid_of() { echo "$1@${1}s.example"; }

start_server() {
  local name
  for name in "${people[@]}"; do
    read -r "client_ports[$name]" "component_ports[$name]" "server_ports[$name]" "http_ports[$name]" < <(free_ports 4)
  done
  # In the example's own last line.
  client_port="${client_ports[*]}" component_port="${component_ports[*]}" http_port="${http_ports[*]}"
  mkdir -p "$folder/plugins"
  cp "$repository/tests/src/server/loopback.lua" "$folder/plugins/mod_loopback.lua"
  for name in "${people[@]}"; do
    mkdir -p "$folder/prosody-$name"/{data,certificates}
    settings "$name" >"$folder/prosody-$name/prosody.cfg.lua"
    start "prosody-$name" "Activated service 'component' on [127.0.0.1]:${component_ports[$name]}" \
      prosody -F --config "$folder/prosody-$name/prosody.cfg.lua"
  done
}

# settings NAME: of that person's server. It finds the other one by mod_loopback, because there is no DNS.
settings() {
  cat <<LUA
data_path = "$folder/prosody-$1/data"
pidfile = "$folder/prosody-$1/prosody.pid"
certificates = "$folder/prosody-$1/certificates"
plugin_paths = { "$folder/plugins" }
run_as_root = true
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { ${client_ports[$1]} }
s2s_ports = { ${server_ports[$1]} }
component_interfaces = { "127.0.0.1" }
component_ports = { ${component_ports[$1]} }
loopback_ports = {
  ["amys.example"] = ${server_ports[amy]}, ["itseme.amys.example"] = ${server_ports[amy]},
  ["michaels.example"] = ${server_ports[michael]}, ["itseme.michaels.example"] = ${server_ports[michael]},
}
modules_enabled = { "loopback", "saslauth", "roster", "disco", "ping", "dialback" }
modules_disabled = { "tls", "s2s_auth_certs", "http", "https" }
authentication = "internal_hashed"
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
allow_unencrypted_plain_auth = true
VirtualHost "$(host_of "$1")"
Component "$(service_of "$1")"
  component_secret = "a secret of two"
LUA
}

# add_account NAME PASSWORD
add_account() {
  prosodyctl --config "$folder/prosody-$1/prosody.cfg.lua" register "$1" "$(host_of "$1")" "$2"
}

start_service() {
  local name
  for name in "${people[@]}"; do
    mkdir -p "$folder/service-$name"
    # It has secrets.
    (umask 077 && settings_of_service "$name" >"$folder/service-$name/component.toml")
    start "service-$name" "component connected" "$service_binary" --config "$folder/service-$name/component.toml" run
  done
}

# settings_of_service NAME: as in the other examples, but with a peer.
settings_of_service() {
  local peer=amy component_port=${component_ports[$1]} http_port=${http_ports[$1]}
  [[ $1 == michael ]] || peer=michael
  service_settings "$http_port" "sqlite:$folder/service-$1/itseme.db" "$folder/service-$1" |
    sed "s/itseme\.localhost/$(service_of "$1")/"
  printf '\n[[peers]]\njid = "%s"\n' "$(service_of "$peer")"
}

start_watching() {
  local name
  for name in "${people[@]}"; do
    WATCH_PASSWORD="$name-password" start "messages-$name" "watching" \
      python3 "$repository/example-lib/watch.py" "$(jid_of "$name")" --port "${client_ports[$name]}"
  done
}

# as NAME COMMAND...: the reference client, logged in as that person.
as() {
  local name=$1
  shift
  local shown=("${@/#$folder\//}")
  printf '$ itseme-client --jid %s … %s\n' "$(jid_of "$name")" "${shown[*]}"
  client "$name" "$@" | shorter
}

client() {
  local name=$1
  shift
  ITSEME_CLIENT_PASSWORD="$name-password" "$client_binary" --jid "$(jid_of "$name")" --service "$(service_of "$name")" \
    --server "127.0.0.1:${client_ports[$name]}" --state "$folder/$name.state" "$@"
}

go_online() {
  printf '$ itseme-client --jid %s … listen --book %s.vcf\n' "$(jid_of "$1")" "$1"
  ITSEME_CLIENT_PASSWORD="$1-password" start "online-$1" "Listening as" "$client_binary" --jid "$(jid_of "$1")" \
    --service "$(service_of "$1")" --server "127.0.0.1:${client_ports[$1]}" --state "$folder/$1.state" \
    listen --book "$folder/$1.vcf"
}

prove() {
  step "Amy proves her phone number at the service of her own server"
  as amy register xmpp "$(jid_of amy)"
  prove_phone amy "$amy_phone"
  expect_links amy 2

  step "Michael proves his mail address at the service of his"
  as michael register xmpp "$(jid_of michael)"
  prove_email michael "$michael_email"
  expect_links michael 2
}

meet() {
  step "Both clients go online, each with an address book of its own"
  write_books
  go_online amy
  go_online michael

  step "Michael asks his own service, which has never heard of Amy"
  as michael introduce "$folder/michael.vcf"

  step "His service asks its peer, and that one tells Amy, and which service vouches for him"
  wait_for_text messages-amy "<service>$(service_of michael)</service>"
  show_from messages-amy "A message arrived" "<.message>"

  step "Amy's client finds Michael in her address book, and answers him directly"
  wait_for_text online-amy "That is what $(service_of michael) says."
  wait_for_text online-amy "Your details went to $(jid_of michael)"
  show online-amy
  wait_for_text messages-michael "<jid>$(jid_of amy)</jid>"

  step "Michael's client asks his service whether that really is Amy; it asks its peer, and he has found her"
  wait_for_text online-michael "Found Amy"
  wait_for_text online-michael "That is what $(service_of amy) says."
  show online-michael
}

ask() {
  step "Anybody may ask either service whether a number belongs to a JID: natively ..."
  as michael confirm "$(jid_of amy)" "phone:$amy_phone" | tee "$folder/answer.log"
  grep -q "^Yes, .* says $(service_of amy)" "$folder/answer.log"
  as amy confirm "$(jid_of michael)" "phone:$amy_phone" | tee "$folder/answer.log"
  grep -q '^No' "$folder/answer.log"

  step "... and over HTTP"
  http_port=${http_ports[michael]}
  expect_confirmed "$amy_phone" "$(jid_of amy)" true "$(service_of amy)"
  expect_confirmed "$amy_phone" "$(jid_of michael)" false
}

forget() {
  step "Amy has her phone number forgotten at her service, and Michael's does not confirm it any more"
  as amy forget "phone:$amy_phone"
  expect_links amy 1
  expect_confirmed "$amy_phone" "$(jid_of amy)" false
}

look_into_files() {
  local name
  step "Nobody's address, number or JID is in the files of either service"
  for name in "${people[@]}"; do
    # The configuration names the services.
    mkdir -p "$folder/data-$name"
    cp "$folder/service-$name"/itseme.* "$folder/data-$name"
    nothing_in "$folder/data-$name"
    (cd "$folder/data-$name" && wc -c ./*)
  done
}

write_functions() {
  local name
  for name in "${people[@]}"; do
    cat <<BASH
$name() {
  ITSEME_CLIENT_PASSWORD=$name-password '$client_binary' --jid $(jid_of "$name") --service $(service_of "$name") \\
    --server 127.0.0.1:${client_ports[$name]} --state '$folder/$name.state' "\$@"
}
BASH
  done >"$folder/try.sh"
}

explain_files() {
  echo "The configurations and logs of the services are in $folder: service-*/component.toml and service-*.log."
}

nothing_in() {
  local text
  for text in "$amy_phone" "$michael_phone" "$amy_email" "$michael_email" "$(jid_of amy)" "$(jid_of michael)"; do
    ! grep -rqaiF -- "$text" "$1" || fail "$text is in $1"
  done
}
