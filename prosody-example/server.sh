# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# A Prosody for an example. Sourced by the "run" of prosody-example and postgres-example.

server=Prosody
server_package=prosody
server_program=prosody

start_server() {
  mkdir -p "$folder"/{prosody,certificates}
  {
    settings
    shipped "$repository/prosody-example/itseme.cfg.lua" |
      sed "s/--component_conflict_resolve = .*/component_conflict_resolve = \"${conflict:-kick_new}\"/"
  } >"$folder/prosody.cfg.lua"
  start prosody "Activated service 'component' on [127.0.0.1]:$component_port" \
    prosody -F --config "$folder/prosody.cfg.lua"
}

# A server for trying things out.
settings() {
  cat <<LUA
data_path = "$folder/prosody"
pidfile = "$folder/prosody.pid"
certificates = "$folder/certificates"
run_as_root = true
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { $client_port }
component_interfaces = { "127.0.0.1" }
component_ports = { $component_port }
modules_enabled = { "saslauth", "roster", "disco", "ping" }
modules_disabled = { "s2s", "tls", "s2s_auth_certs", "http", "https" }
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "localhost"
LUA
}

# add_account NAME PASSWORD
add_account() {
  prosodyctl --config "$folder/prosody.cfg.lua" register "$1" localhost "$2"
}
