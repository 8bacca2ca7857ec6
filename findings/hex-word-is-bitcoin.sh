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

# mail WORD: a mail whose link has that word, as the recipient's server has it.
mail() {
  cat <<MAIL
Received: from mail.example.org (mail.example.org [198.51.100.7])
	by mx.example.com (Postfix) with ESMTP id 4XYZ1 for <amy@example.com>;
	Mon, 30 Nov 2026 12:00:00 +0000 (UTC)
From: Verify <verify@example.org>
To: amy@example.com
Subject: 471108 is your code
Date: Mon, 30 Nov 2026 12:00:00 +0000
Message-ID: <4711.0815@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello,

somebody, hopefully you, has asked for the code 471108. Enter it here:

    https://example.org/verify/$1?code=

It is valid for a day. If it was not you, do nothing.
MAIL
}

mkdir "$folder/home"
for case in "3ab8edbb832ab7f5d7c837ea8fc5fcb3 yes" "1ab8edbb832ab7f5d7c837ea8fc5fcb3 yes" \
  "aab8edbb832ab7f5d7c837ea8fc5fcb3 no" "3ab8edbb832ab7f5d0c837ea8fc5fcb3 no"; do
  read -r word expected <<<"$case"
  said=$(mail "$word" | HOME=$folder/home spamassassin --local --test-mode 2>/dev/null)
  found=no
  [[ $said != *PDS_BTC_ID* ]] || found=yes
  echo "$word: PDS_BTC_ID $found"
  [[ $found == "$expected" ]] || exit 1
done
