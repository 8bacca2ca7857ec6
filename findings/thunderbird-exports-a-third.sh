#!/usr/bin/env bash
# What Thunderbird exports unless told otherwise has a third of a person's numbers and none of the Jabber IDs; its LDIF is no better.
#
# Software:  Thunderbird 153 ESR (153.8.0 of Debian 12), its own functions for the export and import of address books, called by Marionette.
# Guess:     an export has what its own editor takes: several numbers of a kind, several addresses, chat accounts. CSV may lack some, for
#            want of columns; in LDIF, attributes repeat (RFC 4512, 2.5), both ways. "version: 1" (RFC 2849) is no contact.
# Observed:  CSV, the first format in the dialog, has one number of each kind and none without a kind, two addresses, and a column
#            "Screen Name" that is empty: no Jabber ID, whether in IMPP or X-JABBER. LDIF has the same and no more. vCard has all. Of an
#            LDIF with two values of an attribute, the import keeps the last; a value with an option (mobile;lang-de) is gone, and so is
#            otherMailbox; "version: 1" becomes a contact without a name.
# Matters:   people find friends by such a file. Of this contact, 5 of 16 details are asked for, and the Jabber IDs, which make further
#            search needless, are lost. People of Thunderbird should export vCard, and give the LDIF of a directory itself to whoever
#            reads it, without an import before.
# Source:    RFC 2849; RFC 4512, 2.5.1 and 2.5.2; Thunderbird's help, "Exporting an address book".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs_root
debian_files thunderbird thunderbird=1:153.
read -r port < <(free_ports 1)
mkdir "$folder/profile"
echo "user_pref('marionette.port', $port);" >"$folder/profile/user.js"
HOME=$folder beside thunderbird /usr/lib/thunderbird/thunderbird --headless --marionette --remote-allow-system-access --no-remote \
  --profile "$folder/profile" >"$folder/thunderbird.log" 2>&1 &
started+=("$!")

cat >"$folder/amy.vcf" <<'VCF'
BEGIN:VCARD
VERSION:4.0
FN:Amy Example
N:Example;Amy;;;
TEL;TYPE=cell;VALUE=uri:tel:+44-7700-900101
TEL;TYPE=cell;VALUE=uri:tel:+44-7700-900102
TEL;TYPE=work;VALUE=uri:tel:+44-7700-900103
TEL;TYPE=work;VALUE=uri:tel:+44-7700-900104
TEL;TYPE=home;VALUE=uri:tel:+44-7700-900105
TEL;TYPE=home;VALUE=uri:tel:+44-7700-900106
TEL;VALUE=uri:tel:+44-7700-900107
TEL;VALUE=uri:tel:+44-7700-900108
TEL;TYPE="home,cell";VALUE=uri:tel:+44-7700-900109
EMAIL:amy1@example.org
EMAIL:amy2@example.org
EMAIL:amy3@example.org
EMAIL:amy4@example.org
EMAIL:amy5@example.org
IMPP:xmpp:amy6@example.org
X-JABBER:amy7@example.org
END:VCARD
VCF
cat >"$folder/directory.ldif" <<'LDIF'
version: 1

dn: cn=Amy Example,dc=example,dc=org
objectClass: inetOrgPerson
cn: Amy Example
sn: Example
mail: amy1@example.org
mail: amy2@example.org
otherMailbox: amy3@example.org
mobile: +44 7700 900101
mobile: +44 7700 900102
mobile;lang-de: +44 7700 900103
telephoneNumber: +44 7700 900104
telephoneNumber: +44 7700 900105
LDIF

cat >"$folder/books.py" <<'PY'
import csv, json, re, socket, sys, time

# Has Thunderbird import a file into a new address book, and export it in all formats. Prints what is in them.
port, path, kind = sys.argv[1:]
for _ in range(900):
    try:
        connection = socket.create_connection(("127.0.0.1", int(port)))
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("Thunderbird does not answer; are the libraries installed that its package depends on?")
stream = connection.makefile("rb")

def read():
    length = b""
    while not length.endswith(b":"):
        length += stream.read(1)
    return json.loads(stream.read(int(length[:-1])))

def call(command, **parameters):
    packet = json.dumps([0, 1, command, parameters]).encode()
    connection.sendall(b"%d:%s" % (len(packet), packet))
    _, _, error, result = read()
    if error:
        sys.exit(error["message"])
    return result

read()
call("WebDriver:NewSession")
call("Marionette:SetContext", value="chrome")
call("WebDriver:SetTimeouts", script=60000)
answer = call("WebDriver:ExecuteAsyncScript", args=[path, kind], script="""
    const [path, kind, done] = arguments;
    (async () => {
      const { AddrBookFileImporter } = ChromeUtils.importESModule("resource:///modules/AddrBookFileImporter.sys.mjs");
      const { AddrBookUtils } = ChromeUtils.importESModule("resource:///modules/AddrBookUtils.sys.mjs");
      const books = Cc["@mozilla.org/abmanager;1"].getService(Ci.nsIAbManager);
      const book = books.getDirectoryFromId(books.newAddressBook(kind, "", Ci.nsIAbManager.JS_DIRECTORY_TYPE));
      const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
      file.initWithPath(path);
      await new AddrBookFileImporter(kind).startImport(file, book, null);
      const cards = book.childCards;
      // The dialog for the export, which nobody sees, is asked what it offers.
      const formats = [];
      const dialog = {
        QueryInterface: ChromeUtils.generateQI(["nsIFilePicker"]),
        init() {},
        appendFilter: (title) => formats.push(title),
        filterIndex: 0,
        open: (callback) => callback.done(Ci.nsIFilePicker.returnCancel),
      };
      const factory = { createInstance: (type) => dialog.QueryInterface(type) };
      const id = Services.uuid.generateUUID();
      const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
      registrar.registerFactory(id, "", "@mozilla.org/filepicker;1", factory);
      await AddrBookUtils.exportCards(cards, "amy");
      registrar.unregisterFactory(id, factory);
      return {
        formats,
        version: Services.appinfo.version,
        contacts: [...cards].map((card) => card.displayName || "(no name)").sort(),
        csv: AddrBookUtils.exportCardsToDelimitedText(cards, ","),
        ldif: AddrBookUtils.exportCardsToLDIF(cards),
        vcard: AddrBookUtils.exportCardsToVCard(cards),
      };
    })().then(done, (error) => done({ error: String(error) }));""")["value"]
call("WebDriver:DeleteSession")
if "error" in answer:
    sys.exit(answer["error"])
print("Thunderbird", answer["version"])
print("formats:", ", ".join(answer["formats"]))
print("contacts:", ", ".join(answer["contacts"]))
print("Screen Name:", [row["Screen Name"] for row in csv.DictReader(answer["csv"].splitlines())])
for export in "csv", "ldif", "vcard":
    details = set(re.findall(r"900(1\d\d)", answer[export]) + re.findall(r"(amy\d)@", answer[export]))
    print(f"{export}:", *sorted(details))
PY
has() { grep --quiet --line-regexp --fixed-strings "$2" "$1"; }
echo "A contact with nine numbers, five addresses and two Jabber IDs (amy6, amy7):"
python3 "$folder/books.py" "$port" "$folder/amy.vcf" vcard | tee "$folder/vcard"
expect "CSV is the first format of the dialog" has "$folder/vcard" "formats: Comma Separated (UTF-8), Tab Delimited (UTF-8), vCard, LDIF"
expect "CSV has three numbers, two addresses, and no Jabber ID" has "$folder/vcard" "csv: 101 103 105 amy1 amy2"
expect "its column for a chat account is empty" has "$folder/vcard" "Screen Name: ['']"
expect "LDIF has no more" has "$folder/vcard" "ldif: 101 103 105 amy1 amy2"
expect "vCard has all" has "$folder/vcard" "vcard: 101 102 103 104 105 106 107 108 109 amy1 amy2 amy3 amy4 amy5 amy6 amy7"
echo "An entry of a directory with five numbers and three addresses:"
python3 "$folder/books.py" "$port" "$folder/directory.ldif" ldif | tee "$folder/ldif"
expect "of each attribute, the last value is kept" has "$folder/ldif" "vcard: 102 105 amy2"
expect "the line with the version becomes a contact" has "$folder/ldif" "contacts: (no name), Amy Example"
