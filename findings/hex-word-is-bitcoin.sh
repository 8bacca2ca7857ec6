#!/usr/bin/env bash
# A random word in a link costs a mail a point, as an address of Bitcoin, if it begins with 1 or 3.
#
# Software:  spamassassin 4.0.1-1~deb12u1 (Debian 12), its own rules, no network.
# Guess:     32 hex digits in the path of a link are nothing special: confirmation links have them everywhere.
# Observed:  PDS_BTC_ID, 1.0, if the word begins with 1 or 3 and has no 0, which is one random word of sixty, and a query is behind
#            it. The same word with another digit in front, or with a 0 in it, has no point; nor has one at the end of the link.
# Matters:   one confirmation mail in sixty has a fifth of what a mail is thrown away for by default, and nobody can make it happen
#            again. Words that begin with a letter never have it.
# Source:    72_active.cf of SpamAssassin describes the rule as "FP reduced Bitcoin ID".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package spamassassin 4.0.1

# mail WORD: a mail whose link has that word.
mail() {
  mail_head mail.example.org plain
  cat <<MAIL
Hello,

somebody, hopefully you, has asked for the code 471108. Enter it here:

    https://example.org/verify/$1?code=

It is valid for a day. If it was not you, do nothing.
MAIL
}

for case in "3ab8edbb832ab7f5d7c837ea8fc5fcb3 yes" "1ab8edbb832ab7f5d7c837ea8fc5fcb3 yes" \
  "aab8edbb832ab7f5d7c837ea8fc5fcb3 no" "3ab8edbb832ab7f5d0c837ea8fc5fcb3 no"; do
  read -r word expected <<<"$case"
  found=no
  [[ -z $(mail "$word" | spamassassin_rules PDS_BTC_ID) ]] || found=yes
  echo "$word: PDS_BTC_ID $found"
  [[ $found == "$expected" ]] || exit 1
done
