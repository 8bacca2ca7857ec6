#!/usr/bin/env bash
# A code in letters of twice the size costs a point as "tiny", if the machine that sends it has no name.
#
# Software:  spamassassin 4.0.1-1~deb12u1 (Debian 12), its own rules, no network.
# Guess:     `font-size: 2em`, twice the size of the text around, is large, as `font-size: 200%` is, which is the same in CSS.
# Observed:  2em counts as tiny: HTML_FONT_TINY_NORDNS, 1.0, where the address that the mail comes from has no name in the DNS. The
#            same mail with 200% does not have it.
# Matters:   one-time codes in mails are written large. A point is a fifth of what a mail is thrown away for by default, and
#            services that deliver straight from a new machine have others already (RDNS_NONE). Sizes in percent.
# Source:    CSS Values and Units 3, 6.1.1 (em); CSS 2.2, 15.7 (font-size in percent).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package spamassassin 4.0.1

# mail SIZE: a mail with a code of that size, from a machine without a name.
mail() {
  mail_head unknown html
  cat <<MAIL
<!DOCTYPE html>
<html lang="en"><head><title>Your code</title></head>
<body><p>Somebody, hopefully you, has asked for this code:</p>
<p style="font-size: $1">471108</p>
<p>It is valid for a day. If it was not you, do nothing.</p></body></html>
MAIL
}

for size in 2em 200%; do
  found=$(mail "$size" | spamassassin_rules 'HTML_FONT_TINY[A-Z_]*')
  echo "font-size: $size: ${found:-nothing}"
  case $size in
    2em) [[ $found == *HTML_FONT_TINY_NORDNS* ]] || exit 1 ;;
    *) [[ -z $found ]] || exit 1 ;;
  esac
done
