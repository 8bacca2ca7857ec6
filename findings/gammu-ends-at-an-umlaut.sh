#!/usr/bin/env bash
# gammu sends a text up to its first letter beyond ASCII where a program has no language, and up to 160 characters anywhere.
#
# Software:  gammu-smsd 1.42.0-8 (Debian 12), "gammu-smsd-inject TEXT" with the files of its SMSD.
# Guess:     in the locale C, a letter beyond ASCII is replaced, or refused; all of the default alphabet (ä, é, ñ) is sent as it is with
#            -textutf8 at the latest. A text above 160 characters goes in two parts, or is refused.
# Observed:  with LANG=C, or without LANG, the text ends before the first such letter, from -text and from the standard input, and a
#            text that begins with one is empty. It is queued, with exit code 0 and no word. -textutf8 sends all of it, in any locale.
#            In any locale, what is behind 160 characters is gone (with -unicode, behind 70), with exit code 0 as well, unless -autolen
#            is given: with any number, even one below the text's length, it makes as many parts as the text has.
# Matters:   programs that hand codes to a modem are often a script of a few lines behind a web server. Debian's Apache sets LANG=C for
#            those that it calls, and cron has no LANG. A German text becomes "It-se, bist du amy@example.org? Best": the code is gone,
#            the message is paid for, and each further one is the same. -textutf8 TEXT, and -autolen 1000 for longer ones.
# Source:    man gammu-smsd-inject, gammu's manual (sendsms), which say nothing of it; /etc/apache2/envvars of Debian's apache2.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package gammu-smsd 1.42.0
mkdir "$folder"/{inbox,outbox,sent,error}
cat >"$folder/smsdrc" <<CONF
[gammu]
model = dummy
connection = none
device = $folder/phone
[smsd]
service = files
inboxpath = $folder/inbox/
outboxpath = $folder/outbox/
sentsmspath = $folder/sent/
errorsmspath = $folder/error/
CONF

# queued LANG OPTION…: prints what is queued, each part in a line. The text is on the standard input, unless it is in the options.
queued() {
  rm -f "$folder/outbox"/*
  env -u LC_ALL -u LC_CTYPE -u LANGUAGE LANG="$1" gammu-smsd-inject --config "$folder/smsdrc" TEXT +447700900123 "${@:2}" >"$folder/says" 2>&1
  grep -vE 'No PIN code|Created outbox message|Written message|^[0-9]+ / 0$' "$folder/says" >>"$folder/words" || true
  cat "$folder"/outbox/*.smsbackup | python3 -c '
import re, sys
for part in sys.stdin.buffer.read().decode("latin-1").split("[SMSBackup")[1:]:
    print(bytes.fromhex("".join(re.findall("^Text[0-9]+ = ([0-9A-F]*)", part, re.M))).decode("utf-16-be"))'
}

german="It-se, bist du amy@example.org? Bestätige mit: 3991 (Nicht du? Einfach ignorieren.)"
spanish="¿Eres amy@example.org? Tu código es 3991"
long=$(printf '%0166d' 0)-3991
is_queued() {
  local parts
  parts=$(queued "${@:2}")
  echo "LANG=$2 ${*:3}:"
  printf '  %s\n' "$parts"
  [[ $parts == "$1" ]]
}
cut="It-se, bist du amy@example.org? Best"
for language in C ""; do
  expect "the text ends before the umlaut" is_queued "$cut" "$language" -text "$german"
  expect "from the standard input, too" is_queued "$cut" "$language" <<<"$german"
  expect "a text that begins with such a letter is empty" is_queued "" "$language" -text "$spanish"
  expect "with -textutf8, it is whole" is_queued "$german" "$language" -textutf8 "$german"
done
expect "in a locale with UTF-8, it is whole" is_queued "$german" C.UTF-8 -text "$german"
expect "of 171 characters, 160 are queued" is_queued "${long:0:160}" C.UTF-8 -textutf8 "$long"
expect "with -unicode, 70" is_queued "${long:0:70}" C.UTF-8 -unicode -textutf8 "$long"
expect "with -autolen, all, in two parts" is_queued "${long:0:153}"$'\n'"${long:153}" C.UTF-8 -autolen 100 -textutf8 "$long"
expect "nothing is said about it" test ! -s "$folder/words"
