#!/usr/bin/env bash
# tsdav fetches all cards of an address book, but never hears that one has changed whose address has no ".vcf", as Google's have none.
#
# Software:  tsdav 2.3.4 (npm), with Radicale 3.9.0 (PyPI).
# Guess:     smartCollectionSync gives what the server names in its report (RFC 6578), whatever the addresses: these are the server's
#            matter, and fetchVCards takes all.
# Observed:  of the report, changed and new cards are dropped whose address does not end in .vcf, with no error. The token that is returned
#            is the new one, so no later call brings them either. Of a deleted one, the 404 is taken for that of the whole: the call
#            throws "Collection sync failed: 404 Not Found", and so does each later one. With the method "basic", all is told.
# Matters:   cards at Google (/lists/default/4d1c90b75fe2a836) and in Stalwart have no ending. A client that syncs so hashes the numbers
#            of the day on which it was connected, for ever: it asks for introductions to former numbers, does not find who is new, and
#            does not know whom it was introduced to. Use method: "basic", with fetchObjects, or syncCollection itself.
# Source:    RFC 6352, 5.1 and RFC 6578, 3.4; addresses of Google's cards: mstilkerich/rcmcarddav, issue 258; Stalwart's:
#            Z-Hub/Z-Push, pull request 194 of July 2026.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages radicale==3.9.0
node_packages tsdav@2.3.4
start_radicale

# card NAME NUMBER: puts a card there, with the last digits of the number.
card() {
  printf '%s\r\n' BEGIN:VCARD VERSION:3.0 "UID:$1" "FN:$1" "TEL;TYPE=CELL:+44 7700 900$2" END:VCARD |
    ask --header 'Content-Type: text/vcard' --request PUT --data-binary @- "$book/$1"
}
changed=(amy.vcf 4d1c90b75fe2a836)
deleted=(bob.vcf 1ffe66688ccb7ed9)
new=(michael.vcf 52a8340e8d01bc77)
for name in "${changed[@]}" "${deleted[@]}"; do card "$name" 111; done
cat >"$folder/sync.cjs" <<'JS'
const { createInterface } = require("node:readline");
const { DAVClient } = require("tsdav");

const names = (cards) => cards.map((card) => `${card.url.split("/").at(-1)} ${/900\d*/.exec(card.data ?? "") ?? ""}`.trim()).sort().join(", ") || "none";
const main = async () => {
  const client = new DAVClient({
    serverUrl: process.argv[2], credentials: { username: "amy", password: "secret" }, authMethod: "Basic", defaultAccountType: "carddav",
  });
  await client.login();
  const [book] = await client.fetchAddressBooks();
  const fetchObjects = () => client.fetchVCards({ addressBook: book });
  const objectMultiGet = (what) => client.addressBookMultiGet(what);
  const objects = await fetchObjects();
  const sync = async (label, method, syncToken) => {
    const collection = { ...book, objects, objectMultiGet, fetchObjects, syncToken };
    try {
      const synced = await client.smartCollectionSync({ collection, method, detailedResult: true });
      for (const [what, cards] of Object.entries(synced.objects)) console.log(`${label}, ${what}:`, names(cards));
      return synced.syncToken;
    } catch (error) {
      console.log(`${label}:`, error.message);
    }
  };
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log("fetched:", names(objects));
  await lines.next();
  const token = await sync("changes", "webdav", book.syncToken);
  console.log("another token:", token !== book.syncToken);
  await sync("with that", "webdav", token);
  await sync("without the report", "basic", token);
  await lines.next();
  for (const when of ["deletions", "later"]) await sync(when, "webdav", token);
  await sync("deletions without it", "basic", token);
  process.exit();
};
main();
JS
coproc client { node "$folder/sync.cjs" "${book%amy/book}" >"$folder/seen"; }
client_pid=${client_PID:?}
wait_for_line "$folder/seen" fetched
for name in "${changed[@]}" "${new[@]}"; do card "$name" 999; done
echo >&"${client[1]}"
wait_for_line "$folder/seen" "without the report, deleted"
for name in "${deleted[@]}"; do ask --output "$folder/deleted" --request DELETE "$book/$name"; done
echo >&"${client[1]}"
wait "$client_pid"
cat "$folder/seen"

is() { grep -qxF "$1" "$folder/seen"; }
expect "all are fetched at first" is "fetched: 1ffe66688ccb7ed9 900111, 4d1c90b75fe2a836 900111, amy.vcf 900111, bob.vcf 900111"
expect "of two that changed, one is told" is "changes, updated: amy.vcf 900999"
expect "of two new ones, one" is "changes, created: michael.vcf 900999"
expect "with another token" is "another token: true"
for what in created updated deleted; do expect "which brings nothing later" is "with that, $what: none"; done
expect "without the report, both that changed are told" is "without the report, updated: 4d1c90b75fe2a836 900999, amy.vcf 900999"
expect "and both new ones" is "without the report, created: 52a8340e8d01bc77 900999, michael.vcf 900999"
for when in deletions later; do expect "a deletion is an error of the whole" is "$when: Collection sync failed: 404 Not Found"; done
expect "but not without the report" grep -qE "^deletions without it, deleted: 1ffe66688ccb7ed9.*, bob.vcf" "$folder/seen"
