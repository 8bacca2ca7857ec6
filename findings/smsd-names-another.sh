#!/usr/bin/env bash
# smsd drops the letters that GSM's alphabet lacks, or their accents, so that a text names another Jabber ID.
#
# Software:  smsd of SMS Server Tools 3.1.21 (smstools, Debian 12), with its files and a modem made of a pseudo-terminal.
# Guess:     a text in UTF-8 goes out as it is: in UCS-2 if it has letters that GSM's alphabet lacks, at least with "Alphabet: UTF-8", of
#            which the manual says that "the text delivers as it was written". If not, such a letter is a question mark, or the file fails.
# Observed:  as it comes, such letters are gone, and accents off others: żaneta@ becomes aneta@, иван@ is @, ján@ is jan@; the file is
#            sent, and failed/ stays empty. With "Alphabet: UTF-8", ż and и have the text sent in UCS-2, and it is as it was written; ján@
#            is jan@ still. Both together, and cs_convert_optical = no, which is for the modem, are needed for that.
# Matters:   a text with a code names the account that is to be linked, and people compare it with their own. aneta@ and jan@ may be
#            other people's: whoever is asked says no to the own request, or has no way to notice that of another. Scripts that write
#            files for smsd need the header, and the modem's section the setting.
# Source:    smstools, fileformat.html ("Alphabet") and configure.html (cs_convert_optical); 3GPP TS 23.038; RFC 7622, 3.3.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_files packages smstools=3.1.21 libmm14=1.4
for package in "$folder"/packages/*.deb; do
  dpkg-deb --extract "$package" "$folder/unpacked"
done
export LD_LIBRARY_PATH=$folder/unpacked/usr/lib

# A modem that takes each message, and prints it as the phone shows it.
cat >"$folder/modem.py" <<'PY'
import os, pty, sys, tty

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
       "¿abcdefghijklmnopqrstuvwxyzäöñüà")

def text(pdu):
    octets = bytes.fromhex(pdu)
    octets = octets[1 + octets[0]:]                     # without the centre's number
    octets = octets[4 + (octets[2] + 1) // 2:]          # and the recipient's
    coding, length, data = octets[1], octets[3], octets[4:]
    if coding == 8:
        return "UCS-2: " + data.decode("utf-16-be")
    bits = int.from_bytes(data, "little")
    return "GSM: " + "".join(GSM[bits >> 7 * place & 127] for place in range(length))

ours, theirs = pty.openpty()
tty.setraw(theirs)
os.symlink(os.ttyname(theirs), sys.argv[1])
print("ready", flush=True)
received = b""
while True:
    received += os.read(ours, 1000)
    while (end := next((place for place, octet in enumerate(received) if octet in b"\r\x1a"), None)) is not None:
        line, mark, received = received[:end].decode("latin-1").strip(), received[end:end + 1], received[end + 1:]
        if mark == b"\x1a":
            print(text(line), flush=True)
            os.write(ours, b"\r\n+CMGS: 7\r\n\r\nOK\r\n")
        elif line.startswith("AT+CMGS"):
            os.write(ours, b"\r\n> ")
        elif line == "AT+CREG?":
            os.write(ours, b"\r\n+CREG: 0,1\r\n\r\nOK\r\n")
        elif line:
            os.write(ours, b"\r\nOK\r\n")
PY
python3 "$folder/modem.py" "$folder/modem" >"$folder/shown" &
started+=("$!")
wait_for_line "$folder/shown" ready

# start_smsd [LINE]: LINE is one more in the modem's section.
start_smsd() {
  mkdir -p "$folder"/{outgoing,checked,failed,incoming,sent}
  {
    printf '%s\n' "devices = GSM1" "infofile = $folder/info" "pidfile = $folder/pid" "logfile = $folder/smsd.log" "delaytime = 1" "autosplit = 3"
    for place in outgoing checked failed incoming sent; do echo "$place = $folder/$place"; done
    printf '%s\n' "[GSM1]" "device = $folder/modem" "incoming = no" "rtscts = no" "baudrate = 19200" "${1-}"
  } >"$folder/smsd.conf"
  "$folder/unpacked/usr/sbin/smsd" -c "$folder/smsd.conf" -t >"$folder/smsd.out" 2>&1 &
  started+=("$!")
}

# is_shown TEXT NAME [HEADER]: sends the text that names NAME, and waits for what the phone shows.
is_shown() {
  local shown lines
  lines=$(wc -l <"$folder/shown")
  printf '%s\n' "To: 447700900123" ${3:+"$3"} "" "It-se, you $2@example.org? Verify with: 3991" >"$folder/written"
  mv "$folder/written" "$folder/outgoing/$RANDOM$RANDOM"
  for ((tries = 0; tries < 300; tries++)); do
    shown=$(tail -n "+$((lines + 1))" "$folder/shown")
    [[ -z $shown ]] || break
    sleep 0.1
  done
  echo "$2 ${3-}: $shown"
  [[ $shown == "$1@example.org? Verify with: 3991" ]]
}
"$folder/unpacked/usr/sbin/smsd" -V | head -n 1
start_smsd
expect "letters of the alphabet are sent" is_shown "GSM: It-se, you müller" müller
expect "ż is gone" is_shown "GSM: It-se, you aneta" żaneta
expect "so is a whole name" is_shown "GSM: It-se, you " иван
expect "accents are off" is_shown "GSM: It-se, you jan" ján
expect "with the header, ż is there" is_shown "UCS-2: It-se, you żaneta" żaneta "Alphabet: UTF-8"
expect "accents are still off" is_shown "GSM: It-se, you jan" ján "Alphabet: UTF-8"
stop
start_smsd "cs_convert_optical = no"
expect "with header and setting, the accent is there" is_shown "UCS-2: It-se, you ján" ján "Alphabet: UTF-8"
expect "with the setting alone, its letter is gone" is_shown "GSM: It-se, you jn" ján
expect "nothing has failed" test -z "$(ls "$folder/failed")"
