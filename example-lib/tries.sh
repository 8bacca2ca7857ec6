# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# Staying up for the reader's own tries. Sourced by example.sh.

# Shows what arrives, whoever causes it, until Ctrl-C.
stay() {
  trap 'echo; say "Ending."; exit 0' INT TERM
  write_functions
  explain
  tail -q -n 0 -F "$folder"/{mail,sms,messages-amy,messages-michael,online-amy,online-michael}.log &
  started+=($!)
  wait "${started[-1]}"
}

# Shell functions "amy" and "michael": the client, logged in.
write_functions() {
  local name
  for name in amy michael; do
    cat <<BASH
$name() {
  ITSEME_CLIENT_PASSWORD=$name-password '$client_binary' --jid $name@localhost --service itseme.localhost \\
    --server 127.0.0.1:$client_port --state '$folder/$name.state' "\$@"
}
BASH
  done >"$folder/try.sh"
}

explain_files() {
  echo "The configuration of the service is $folder/component.toml, its log $folder/service.log."
}

explain() {
  cat <<TEXT

Everything stays up until Ctrl-C. For your own tries, in another terminal:

    . $folder/try.sh                             # makes the commands amy and michael
    amy --help
    amy register phone $amy_phone
    amy verify phone $amy_phone CODE
    michael introduce $folder/michael.vcf
    michael confirm amy@localhost phone:$amy_phone

    curl http://127.0.0.1:$http_port/version
    curl http://127.0.0.1:$http_port/v1/register/phone/+447700900777/amy@localhost
    curl http://127.0.0.1:$http_port/v1/confirm/\$(amy hash email $amy_email)/amy@localhost

Or log in with any XMPP client that does without TLS: amy@localhost with the password amy-password, or
michael@localhost with michael-password, at 127.0.0.1 port $client_port. Add itseme@itseme.localhost to
the contact list and write "help" to it; programs use itseme.localhost.

$(explain_files)

Mails, SMS and messages to Amy and Michael appear here:
TEXT
}
