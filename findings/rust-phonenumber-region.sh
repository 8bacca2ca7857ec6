#!/usr/bin/env bash
# The crate phonenumber 0.3.10 takes the owner's trunk prefix off *other* countries' numbers.
#
# Software:  phonenumber 0.3.10+9.0.33 (crates.io), beside phonenumbers 9.0.43 (PyPI) and rlibphonenumber 2.2.15 (crates.io).
# Guess:     a number with a plus does not depend on the region that is passed along for those without: libphonenumber
#            takes the region for numbers in national format only.
# Observed:  the rules of that region are applied to what follows the country code. With GB, DE or FR the 0 is lost that
#            belongs to numbers of Italy, San Marino and (since 2024) Benin; with US the 1 that begins the numbers of
#            Buenos Aires and Yerevan. The same with 00 or 011 instead of the plus. No error, and often another possible
#            number. Without a region, or with the number's own, it is read rightly. A number with ";ext=" that is not a
#            tel: URI is refused. The other two libraries agree on all of these.
# Matters:   it is the best known such crate in Rust, the language of this project and of several XMPP clients, and an
#            address book is read with its owner's region. The hash of such an entry is nobody's, or somebody else's.
#            rlibphonenumber agreed with phonenumbers in all of some 48,000 forms that were tried.
# Source:    the numbers are libphonenumber's own examples.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages phonenumbers==9.0.43
rust_package try 'phonenumber = "=0.3.10"' 'rlibphonenumber = "=2.2.15"'
cat >"$folder/try/src/main.rs" <<'RUST'
//! Prints each line of "region, tab, text" with the E.164 form that two crates give it.
fn main() {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (region, text) = line.split_once('\t').expect("a tab");
        let one = phonenumber::parse(region.parse().ok(), text)
            .map_or("refused".into(), |number| number.format().mode(phonenumber::Mode::E164).to_string());
        let library = &rlibphonenumber::PHONE_NUMBER_UTIL;
        let other = library
            .parse(text, region.parse().ok())
            .map_or("refused".into(), |number| library.format(&number, rlibphonenumber::PhoneNumberFormat::E164).to_string());
        println!("{region}\t{text}\t{one}\t{other}");
    }
}
RUST
build_rust try
printf '%s\t%s\n' IT '+39 02 1234 5678' GB '+39 02 1234 5678' GB '00 39 02 1234 5678' GB '+229 01 95 12 34 56' GB '+378 0549 886377' \
  US '+54 11 2345-6789' US '011 54 11 2345-6789' US '+374 10 123456' FR '+44 7700 900123' GB '+44 7700 900123;ext=12' |
  "$folder/try/target/debug/try" >"$folder/rust"
"$python" - "$folder/rust" <<'PY' | tee "$folder/says"
import sys
import phonenumbers

print("region | text | phonenumber (Rust) | rlibphonenumber (Rust) | phonenumbers (Python)")
for line in open(sys.argv[1]):
    region, text, one, other = line.rstrip("\n").split("\t")
    python = phonenumbers.format_number(phonenumbers.parse(text, region), phonenumbers.PhoneNumberFormat.E164)
    print(region, text, one, other, python, sep=" | ")
PY

expect "with its own region, Italy keeps its 0" grep -qF 'IT | +39 02 1234 5678 | +390212345678 | +390212345678 | +390212345678' "$folder/says"
expect "with GB, it loses it" grep -qF 'GB | +39 02 1234 5678 | +39212345678 | +390212345678 | +390212345678' "$folder/says"
expect "so does Benin" grep -qF 'GB | +229 01 95 12 34 56 | +229195123456 | +2290195123456 | +2290195123456' "$folder/says"
expect "with US, Buenos Aires loses its 11" grep -qF 'US | +54 11 2345-6789 | +5423456789 | +541123456789 | +541123456789' "$folder/says"
expect "also behind 011" grep -qF 'US | 011 54 11 2345-6789 | +5423456789 | +541123456789 | +541123456789' "$folder/says"
expect "an extension is refused" grep -qF ';ext=12 | refused | +447700900123 | +447700900123' "$folder/says"
