# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# Two instances of the service over one PostgreSQL, and what is different in the story. Sourced by example-lib/example.sh.

proxy='"127.0.0.1/32"' # trusted_proxies

start_service() {
  local port
  # Not below $folder, which only this user may enter: as root, PostgreSQL runs as another one.
  database=$(mktemp -d "${TMPDIR:-/tmp}/itseme-postgres.XXXXXX")
  more_folders=("$database")
  start postgres "database system is ready to accept connections" "$repository/postgres-example/postgres-in" "$database"
  createuser -h "$database" -U postgres itseme
  createdb -h "$database" -U postgres -O itseme -E UTF8 -T template0 itseme

  read -r first_port second_port < <(free_ports 2)
  # As on two machines, each instance has files of its own, the key among them: the first makes it, the second gets a copy.
  configure first "$first_port"
  configure second "$second_port"
  start_instance first first "component connected"
  cp "$folder/first/itseme.key" "$folder/second/"
  start_instance second second "this one stands by"
  start_haproxy
}

# configure INSTANCE PORT
configure() {
  mkdir -m 700 "$folder/$1"
  (umask 077 && service_settings "$2" "postgres:///itseme?host=$database&user=itseme" "$folder/$1" >"$folder/$1/component.toml")
}

# start_instance INSTANCE LOG TEXT: until LOG.log has TEXT.
start_instance() {
  start "$2" "$3" "$service_binary" --config "$folder/$1/component.toml" run
  pids[$1]=${started[-1]}
}
declare -A pids

start_haproxy() {
  {
    printf 'global\n    maxconn 1000\ndefaults\n    timeout client 60s\n'
    sed -e "s|bind :443 .*|bind 127.0.0.1:$http_port|" -e "s|192.0.2.1:8114|127.0.0.1:$first_port|" \
      -e "s|192.0.2.2:8114|127.0.0.1:$second_port|" "$repository/postgres-example/haproxy.cfg"
  } >"$folder/haproxy.cfg"
  start haproxy "as the polling mechanism" env "PATH=$PATH:/usr/sbin" haproxy -db -V -f "$folder/haproxy.cfg"
  curl -fsS --retry 50 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$http_port/version" >/dev/null
  # It writes that line before it listens.
  kill -0 "${started[-1]}" || fail_with "$folder/haproxy.log"
}

# end SIGNAL INSTANCE: and waits until it has ended.
end() {
  local pid=${pids[$2]} other kept=()
  kill "-$1" "$pid"
  wait "$pid" 2>/dev/null || true
  for other in "${started[@]}"; do
    [[ $other == "$pid" ]] || kept+=("$other")
  done
  started=("${kept[@]}")
}

play() {
  prove

  step "The instance that leads is killed; the other one takes over"
  end KILL first
  wait_for_text second "component connected"
  show second

  meet

  step "The killed instance is started again, and stands by"
  start_instance first first-again "this one stands by"
  who_leads

  ask

  step "The instance that leads is stopped, while people ask over HTTP without a pause"
  : >"$folder/asked.log"
  keep_asking "$amy_phone" amy@localhost &
  started+=($!)
  wait_for_text asked "10 answers"
  end TERM second
  wait_for_text first-again "component connected"
  show first-again
  touch "$folder/enough"
  wait "${started[-1]}" || fail_with "$folder/asked.log"
  tail -n 1 "$folder/asked.log"

  forget
  who_leads

  step "Nobody's address, number or JID is in a file of PostgreSQL or of the instances"
  nothing_in "$folder/first"
  nothing_in "$folder/second"
  nothing_in "$database"
  du -sh --apparent-size "$database/cluster"
}

# The instances that run, and the one that leads.
who_leads() {
  echo "\$ itseme check"
  # It finds fault with other settings of this example.
  "$service_binary" --config "$folder/first/component.toml" check >"$folder/check.log" 2>&1 || true
  grep "instances:.*leads" "$folder/check.log" || fail_with "$folder/check.log"
}

# keep_asking PHONE JID: over HTTP, again and again, until the file "enough" is there. Fails if one request is not answered.
keep_asking() {
  local hash answers=0
  hash=$(client amy hash phone "$1")
  until [[ -e $folder/enough ]]; do
    curl -fsS -o /dev/null "http://127.0.0.1:$http_port/v1/confirm/$hash/$2" || return 1
    echo "$((++answers)) answers, no failure"
    sleep 0.12 # requests_per_second is 10
  done >>"$folder/asked.log" 2>&1
}

explain_files() {
  cat <<TEXT
The two instances have their configurations and keys in $folder/first and $folder/second. One runs;
for the other, in another terminal:

    $service_binary --config $folder/second/component.toml run
    $service_binary --config $folder/second/component.toml check

PostgreSQL is there with: psql -h $database -U itseme
TEXT
}
