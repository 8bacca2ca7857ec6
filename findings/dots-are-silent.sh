#!/usr/bin/env bash
# Speech programs leave the dots, hyphens and underscores of a Jabber ID out, in German and French even that in front of "org".
#
# Software:  espeak-ng 1.51 and flite 2.2 (Debian 12), piper-tts 1.8.0 (PyPI, September 2026), which has an espeak-ng of its own.
# Guess:     amy.smith@example.org is read as "amy dot smith at example dot org", in the words of each language: @ and . are what
#            everybody has to hear of an address. Digits that stand together, a code, are read alike in all languages.
# Observed:  as they come, espeak-ng and Piper say the dot in English and Spanish, and not in German and French: there it is "Ami
#            Smit ät Exampel Ork". An underscore is a space, in all four, and a hyphen has no word. So amy.smith@ and amy_smith@ are
#            one sound in German and French. flite, which has English alone, says none of these marks, nor +. The code "3, 9, 9, 1" is
#            read by its digits; 3991 in thousands; in Spanish, 039112 is "cero tres nueve punto uno uno dos".
# Matters:   in a call, the Jabber ID is all that says who wants to be found by this number, and whoever hears it cannot tell one
#            account from another, or type it. Write the marks out ("amy dot smith at example dot org"), and digits apart, with
#            commas. Who has a code read out as text (landlines, screen readers) may type a dot: readers of codes drop it.
# Source:    RFC 7622, 3.1 (what a JID is made of); man espeak-ng: --punct speaks the names of marks, and is off as it comes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_files packages espeak-ng=1.51 libespeak-ng1=1.51 espeak-ng-data=1.51 libpcaudio0=1.2 libsonic0=0.2.0 flite=2.2 libflite1=2.2
for package in "$folder"/packages/*.deb; do
  dpkg-deb --extract "$package" "$folder/root"
done
libraries=$(dirname "$(find "$folder/root" -name 'libespeak-ng.so.1')")
python_packages piper-tts==1.8.0
cat >"$folder/piper_says.py" <<'PY'
import sys
from piper.phonemize_espeak import EspeakPhonemizer
phonemizer = EspeakPhonemizer()
for line in sys.stdin:
    language, text = line.rstrip("\n").split(" ", 1)
    print(" | ".join("".join(sentence) for sentence in phonemizer.phonemize(language, text)))
PY

# Each prints the sounds of a text, in a line: LANGUAGE TEXT.
espeak_ng() {
  LD_LIBRARY_PATH=$libraries "$folder/root/usr/bin/espeak-ng" --path="$libraries" -q -x -v "$1" "$2" | tr '\n' ' '
}
piper() { "$python" "$folder/piper_says.py" <<<"$1 $2"; }
flite() { LD_LIBRARY_PATH=$libraries "$folder/root/usr/bin/flite" -ps -o none -t "$2"; }

# same SPEAKER LANGUAGE TEXT OTHER…: all of these texts sound alike. differ: they do not.
same() {
  local sounds other
  sounds=$("$1" "$2" "$3")
  echo "$1 $2: $3: $sounds"
  for other in "${@:4}"; do
    [[ $("$1" "$2" "$other") == "$sounds" ]] || return 1
  done
}
differ() { ! same "$@"; }
# says SPEAKER LANGUAGE TEXT SOUNDS: these are among those of the text.
says() {
  local sounds
  sounds=$("$1" "$2" "$3")
  echo "$1 $2: $3: $sounds"
  [[ $sounds == *"$4"* ]]
}

for speaker in espeak_ng piper; do
  for language in de fr; do
    expect "$speaker, $language: dot and underscore are silent" same "$speaker" "$language" \
      amy.smith@example.org amy_smith@example.org "amy smith@example.org" "amy.smith@example org"
  done
  for language in en-us es; do
    expect "$speaker, $language: the underscore is silent" same "$speaker" "$language" amy_smith@example.org "amy smith@example.org"
    expect "$speaker, $language: the dot is not" differ "$speaker" "$language" amy.smith@example.org amy_smith@example.org
  done
  expect "$speaker: written out, the dot is heard in German" differ "$speaker" de "amy Punkt smith" amy.smith
done
expect "flite says none of the marks" same flite en amy.smith@example.org amy_smith@example.org amy-smith@example.org amy+smith@example.org
expect "flite says them when they are written out" differ flite en "amy dot smith at example dot org" amy.smith@example.org

expect "espeak_ng says no hyphen" says espeak_ng de amy-smith "'Ami:sm'It"
expect "piper says no hyphen" says piper de amy-smith "ˈɑmiːsmˈɪt"
expect "espeak_ng: a code with commas is read by its digits" says espeak_ng de "3, 9, 9, 1." "dr'aI n'OYn n'OYn _'aIns"
expect "piper: so it does" says piper de "3, 9, 9, 1." "drˈaɪ, nˈɔøn, nˈɔøn, ˈaɪns"
expect "espeak_ng: without, as a number" says espeak_ng de 3991 "t'aUz@nt"
expect "piper: so it does" says piper de 3991 "tˈaʊzənt"
expect "espeak_ng: a punto in a Spanish code" says espeak_ng es 039112 "p,unto"
expect "piper: a punto, too" says piper es 039112 "pˌunto"
