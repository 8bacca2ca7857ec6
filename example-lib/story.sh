# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# The story: Amy and Michael prove who they are; Michael, who knows Amy's phone number, finds her.
# Sourced by example.sh. Every step looks whether it really happened; "step" names the one that is on.

amy_phone=+447700900123 # a range that is reserved for fiction
michael_phone=+447700900456
amy_email=amy@example.org
michael_email=michael@example.org

play() {
  prove
  meet
  ask
  forget
  look_into_files
}

prove() {
  step "Amy's client registers her own JID; her XMPP server vouches for it"
  as amy register xmpp amy@localhost
  expect_links amy 1

  step "Amy proves her mail address with the code in the mail"
  prove_email amy "$amy_email"
  step "Amy proves her phone number with the code in the SMS"
  prove_phone amy "$amy_phone"
  expect_links amy 3

  step "Michael proves his mail address"
  prove_email michael "$michael_email"
  step "Michael proves his phone number"
  prove_phone michael "$michael_phone"
  expect_links michael 3
}

meet() {
  step "Both clients go online, each with an address book of its own"
  write_books
  go_online amy
  go_online michael

  step "Michael asks to be introduced to the people of his address book; only hashes leave his device"
  as michael introduce "$folder/michael.vcf"

  step "Amy gets Michael's request, with his details, which the service has checked"
  wait_for_text messages-amy "<jid>michael@localhost</jid>"
  show_from messages-amy "A message arrived" "<.message>"

  step "Amy's client finds Michael in her address book, and answers him directly"
  wait_for_text online-amy "Your details went to michael@localhost"
  show online-amy
  wait_for_text messages-michael "<jid>amy@localhost</jid>"
  show_from messages-michael "from=\"amy@localhost" "<.message>"

  step "Michael's client asks the service whether that really is Amy, and has found her"
  wait_for_text online-michael "Found Amy"
  show online-michael
}

ask() {
  step "Anybody may ask whether a number belongs to a JID: natively ..."
  as michael confirm amy@localhost "phone:$amy_phone" | tee "$folder/answer.log"
  grep -q '^Yes' "$folder/answer.log"
  as michael confirm michael@localhost "phone:$amy_phone" | tee "$folder/answer.log"
  grep -q '^No' "$folder/answer.log"

  step "... and over HTTP"
  expect_confirmed "$amy_phone" amy@localhost true
  expect_confirmed "$amy_phone" michael@localhost false
}

forget() {
  step "Amy has her phone number forgotten"
  as amy forget "phone:$amy_phone"
  expect_links amy 2
  expect_confirmed "$amy_phone" amy@localhost false
}

look_into_files() {
  step "Nobody's address, number or JID is in the service's files"
  nothing_in "$folder/service"
  (cd "$folder/service" && wc -c ./*)
}

# as NAME COMMAND...: the reference client, logged in as that person.
as() {
  local name=$1
  shift
  local shown=("${@/#$folder\//}")
  printf '$ itseme-client --jid %s@localhost … %s\n' "$name" "${shown[*]}"
  client "$name" "$@" | shorter
}

client() {
  local name=$1
  shift
  ITSEME_CLIENT_PASSWORD="$name-password" "$client_binary" --jid "$name@localhost" --service itseme.localhost \
    --server "127.0.0.1:$client_port" --state "$folder/$name.state" "$@"
}

prove_email() {
  as "$1" register email "$2"
  wait_for_text mail "A mail arrived for $2:"
  show_from mail "A mail arrived for $2:"
  local code
  code=$(sed -n "/A mail arrived for $2:/,\$p" "$folder/mail.log" | grep -m1 '^Subject:' | grep -oE '\b[0-9]{6}\b')
  as "$1" verify email "$2" "$code"
}

prove_phone() {
  as "$1" register phone "$2"
  wait_for_text sms "An SMS arrived for $2:"
  show_from sms "An SMS arrived for $2:"
  local code
  code=$(grep -F -A1 "An SMS arrived for $2:" "$folder/sms.log" | tail -1 | grep -oE '\b[0-9]{4}\b' | head -1)
  as "$1" verify phone "$2" "$code"
}

write_books() {
  printf '%s\n' BEGIN:VCARD VERSION:4.0 FN:Michael "EMAIL:$michael_email" END:VCARD >"$folder/amy.vcf"
  printf '%s\n' BEGIN:VCARD VERSION:4.0 FN:Amy "TEL:$amy_phone" END:VCARD \
    BEGIN:VCARD VERSION:4.0 FN:Somebody "TEL:+447700900001" END:VCARD >"$folder/michael.vcf"
}

go_online() {
  printf '$ itseme-client --jid %s@localhost … listen --book %s.vcf\n' "$1" "$1"
  ITSEME_CLIENT_PASSWORD="$1-password" start "online-$1" "Listening as" "$client_binary" --jid "$1@localhost" \
    --service itseme.localhost --server "127.0.0.1:$client_port" --state "$folder/$1.state" \
    listen --book "$folder/$1.vcf"
}

# expect_links NAME COUNT: so many identities are linked to that person.
expect_links() {
  local count
  count=$(client "$1" --json links | grep -c '"hash"')
  [[ $count == "$2" ]] || fail "$count identities are linked to $1 instead of $2"
}

# expect_confirmed PHONE JID true|false [PEER]: what the service says over HTTP, and the peer that it names.
expect_confirmed() {
  local hash url answer
  hash=$(client amy hash phone "$1")
  url=http://127.0.0.1:$http_port/v1/confirm/$hash/$2
  echo "\$ curl $url" | shorter
  answer=$(curl -fsS "$url")
  echo "$answer"
  grep -qE "^\{\"confirmed\": ?$3${4:+, ?\"service\": ?\"$4\"}\}$" <<<"$answer"
}

# nothing_in FOLDER: no text of the people is in a file there.
nothing_in() {
  local text
  for text in "$amy_phone" "$michael_phone" "$amy_email" "$michael_email" amy@localhost michael@localhost; do
    ! grep -rqaiF -- "$text" "$1" || fail "$text is in $1"
  done
}
