#!/usr/bin/env bash
# The crate email_address 0.2.9, and with it lettre 0.11.23, refuses addresses whose letters are written with signs.
#
# Software:  email_address 0.2.9 and lettre 0.11.23 (crates.io), beside email-validator 2.3.0 (PyPI).
# Guess:     an address of RFC 6531 may have any letters; the crate says that it supports that, and lettre sends with SMTPUTF8.
# Observed:  beside letters and digits, it takes a character as "UTF8-non-ascii" if the bytes of its code point (not those of its
#            UTF-8) look like UTF-8. So a virama or a combining accent (U+094D, U+0308) is refused, and with it most words in
#            Devanagari, Bengali or Tamil, and Latin letters that have no composed form; U+1F600, too. lettre's Address is checked
#            by it, and cannot be made of such text.
# Matters:   India's registry gives away addresses in Devanagari. Their owners would be told that this is no address, and another
#            library's user hashes what this one refuses. It is checked apart here, and lettre is handed the address unchecked
#            (Address::new_dangerous).
# Source:    RFC 6531, section 3.3; RFC 6532, section 3.1.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages email-validator==2.3.0
rust_package try \
  'email_address = "=0.2.9"' \
  'lettre = { version = "=0.11.23", default-features = false, features = ["builder"] }'
cat >"$folder/try/src/main.rs" <<'RUST'
//! Prints each address with what two crates say of it.
fn main() {
    let said = |is_taken| if is_taken { "taken" } else { "refused" };
    for text in std::io::stdin().lines().map_while(Result::ok) {
        let one = email_address::EmailAddress::is_valid(&text);
        let other = text.parse::<lettre::Address>().is_ok();
        println!("{text}\t{}\t{}", said(one), said(other));
    }
}
RUST
build_rust try
printf '%b@example.org\n' 'jürgen' 'राम' 'संपर्क' 'অন্তর' 'm\xcc\x88' 'ju\xcc\x88rgen' | "$folder/try/target/debug/try" >"$folder/rust"
"$python" - "$folder/rust" <<'PY' | tee "$folder/says"
import sys
from email_validator import EmailNotValidError, validate_email

print("address | email_address (Rust) | lettre (Rust) | email-validator (Python)")
for line in open(sys.argv[1]):
    text, one, other = line.rstrip("\n").split("\t")
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
        python = "taken"
    except EmailNotValidError as error:
        python = f"refused: {error}"
    print(text, one, other, python, sep=" | ")
PY

expect "an umlaut is a letter" grep -q 'jürgen@example.org | taken | taken | taken' "$folder/says"
expect "so is Devanagari without signs" grep -q 'राम@example.org | taken | taken | taken' "$folder/says"
expect "a virama is none" grep -q 'संपर्क@example.org | refused | refused | taken' "$folder/says"
expect "nor in Bengali" grep -q 'অন্তর@example.org | refused | refused | taken' "$folder/says"
expect "nor a combining accent" test "$(grep -c 'refused | refused | taken' "$folder/says")" = 4
