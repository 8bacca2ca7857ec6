#!/usr/bin/env bash
# Roundcube writes a number whose types stand in quotes with one quote, and then nothing reads its export, not even the other cards.
#
# Software:  Roundcube 1.6.5 (Debian 12's roundcube-core): what its import, its store of contacts and its export call.
# Guess:     TEL;TYPE="HOME,VOICE":…, as RFC 6350 writes a list of types, is imported as a number of home, and exported as one.
# Observed:  the quote is a part of the first type, and only the first type is kept: TEL;TYPE="home:+44 7700 900123, and so with EMAIL. A
#            quote without its end is no vCard: ical.js reads none of the file's cards, vobject fails at the line. Of HOME and FAX, in
#            quotes or not, "home" remains. Without quotes, HOME,VOICE is exported as home.
# Matters:   Nextcloud's contacts and others write quotes. Whoever has imported such a book in the webmail, and takes its export to a
#            client, finds nobody, or nobody behind that card; and a code is sent to a fax. Readers take a quote without an end for an
#            ordinary character. Take the quotes off before importing: sed -E 's/TYPE="([^"]*)"/TYPE=\1/g'.
# Source:    RFC 6350, 6.4.1: "or as a value list (e.g., TYPE="text,voice")"; nextcloud/contacts, issue 2866. Roundcube's own development
#            reads types in the same way, program/lib/Roundcube/rcube_vcard.php.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package php8.2-cli 8.2
debian_files packages roundcube-core=1.6.5 php8.2-mbstring=8.2 libonig5=6.9.8
for package in "$folder"/packages/*.deb; do dpkg-deb -x "$package" "$folder/files"; done
python_packages vobject==0.9.9
node_packages ical.js@2.2.1

card() { printf '%s\r\n' BEGIN:VCARD VERSION:3.0 "UID:$1" "FN:$1" "N:;$1;;;" "${@:2}" END:VCARD; }
{
  card Amy 'TEL;TYPE="HOME,VOICE":+44 7700 900101' 'TEL;TYPE="CELL,VOICE,pref":+44 7700 900102' 'TEL;TYPE="HOME,FAX":+44 7700 900103' \
    'EMAIL;TYPE="WORK,pref":amy@example.com'
  card Michael 'TEL;TYPE=HOME,VOICE:+44 7700 900104' 'TEL;TYPE=HOME,FAX:+44 7700 900105'
} >"$folder/book.vcf"

# Of the framework, only where its classes ask for settings and plugins, which there are none of.
cat >"$folder/through.php" <<'PHP'
<?php
error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING);
[, $classes, $book] = $argv;
define('RCUBE_INSTALL_PATH', dirname($classes, 3) . '/');
require "$classes/bootstrap.php";
spl_autoload_register(function ($name) use ($classes) { require "$classes/$name.php"; }, true, true);

class rcube
{
    public $config;
    public $plugins;

    static function get_instance()
    {
        $it = new rcube;
        $it->config = new class { function get($name, $default = null) { return $default; } };
        $it->plugins = new class { function exec_hook($name, $arguments) { return $arguments; } };
        return $it;
    }

    function get_user_language() { return 'en_US'; }
}

$contacts = (new ReflectionClass('rcube_contacts'))->newInstanceWithoutConstructor();
$store = new ReflectionMethod('rcube_contacts', 'convert_save_data');
foreach (rcube_vcard::import(file_get_contents($book)) as $card) {
    // program/actions/contacts/import.php, then rcube_contacts::insert(), then export.php.
    $fields = $card->get_assoc();
    $fields['vcard'] = $card->export();
    $stored = $store->invoke($contacts, $fields)['vcard'];
    $stored = preg_replace(['/\r|\n\s+/', '/\n/'], ['', rcube_vcard::$eol], $stored);
    echo rcube_vcard::rfc2425_fold($stored), rcube_vcard::$eol;
}
PHP
LD_LIBRARY_PATH=$(dirname "$folder"/files/usr/lib/*/libonig.so.5) php -n -d "extension=$(echo "$folder"/files/usr/lib/php/*/mbstring.so)" \
  -d "extension=ctype" -d "extension=iconv" \
  "$folder/through.php" "$folder/files/usr/share/roundcube/program/lib/Roundcube" "$folder/book.vcf" >"$folder/exported.vcf"
tr -d '\r' <"$folder/exported.vcf"

cat >"$folder/vobject_reads.py" <<'PY'
import sys, vobject
try:
    for card in vobject.readComponents(open(sys.argv[1]).read()):
        print("vobject:", *(number.value for number in card.tel_list))
except vobject.base.ParseError as error:
    print("vobject:", error)
PY
cat >"$folder/ical_reads.mjs" <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
try {
  for (const card of ICAL.parse(readFileSync(process.argv[2], "utf8"))) {
    console.log("ical.js:", card[1].filter(([name]) => name === "tel").map((property) => property[3]).join(" "));
  }
} catch (error) {
  console.log("ical.js:", error.message);
}
JS
read_both() { "$python" "$folder/vobject_reads.py" "$1" && node "$folder/ical_reads.mjs" "$1"; }
echo "before:" && read_both "$folder/book.vcf" | tee "$folder/before"
echo "after:" && read_both "$folder/exported.vcf" | tee "$folder/after"

has() { tr -d '\r' <"$folder/exported.vcf" | grep -qxF -- "$1"; }
for reader in vobject ical.js; do
  expect "$reader reads the book with its quotes" grep -qxF "$reader: +44 7700 900101 +44 7700 900102 +44 7700 900103" "$folder/before"
done
expect "the export has one quote of two" has 'TEL;TYPE="home:+44 7700 900101'
expect "for a mobile, too" has 'TEL;TYPE="cell:+44 7700 900102'
expect "and for an address" has 'EMAIL;TYPE="work:amy@example.com'
expect "a fax is home" has 'TEL;TYPE="home:+44 7700 900103'
expect "also without quotes" has 'TEL;TYPE=home:+44 7700 900105'
expect "vobject fails" grep -q '^vobject: .*Failed to parse line: TEL;TYPE="home' "$folder/after"
expect "ical.js fails" grep -q '^ical.js: invalid line (no matching double quote)' "$folder/after"
expect "no card is read by either" test "$(wc -l <"$folder/after")" = 2
