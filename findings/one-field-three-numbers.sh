#!/usr/bin/env bash
# A field of intl-tel-input makes three valid German numbers of 0044 7700 900123, by the way it gets there, and none is British.
#
# Software:  intl-tel-input 29.5.1 (npm) with its own utils, in Chromium, with initialCountry "de"; google-libphonenumber 3.2.47 (npm).
# Guess:     what the libphonenumber inside it reads, whatever the way into the field: 0044 7700 900123 is dialled in Germany for
#            +44 7700 900123. If it is not read, isValidNumber() is false. A number with + can be typed.
# Observed:  as the field's first value, or by setNumber(), the 44 is gone: +49 7700 900123, and isValidNumberPrecise() is true, too. Filled
#            in as by a browser, it is +49 044 7700 900123. Typed, it is that without its last digit, for which there is no room.
#            isValidNumber() is true each time. Whoever types +44 7700 900123 types into the search for a country, "No results found",
#            and the field stays empty: + opens the search. Filled in, it is read. With separateDialCode: false, what is typed or filled
#            in is read as it should be; the first value and setNumber() are not.
# Matters:   such fields ask for the own number, or for that of a friend. The code then goes to a stranger, or the hash finds one.
#            Give setNumber(), and the field's value, E.164 only; set separateDialCode: false; ask isValidNumberPrecise() as well; and show
#            the number that was read before a code is sent there. Fields with "fr" say false, at least.
# Source:    libphonenumber, parse() with a region; jackocnr/intl-tel-input, issue 186, where 0044 in a field is said to be read.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages intl-tel-input@29.5.1 google-libphonenumber@3.2.47 puppeteer-core@24.43.1
cat >"$folder/fields.mjs" <<'JS'
import { readFile } from "node:fs/promises";
import google from "google-libphonenumber";
import puppeteer from "puppeteer-core";

const [folder] = process.argv.slice(2);
const parts = `${folder}/node_modules/intl-tel-input/dist`;
const script = await readFile(`${parts}/js/intlTelInputWithUtils.js`, "utf8");
const style = await readFile(`${parts}/css/intlTelInput.css`, "utf8");
const browser = await puppeteer.launch({
  executablePath: "/usr/bin/chromium", pipe: true, userDataDir: `${folder}/profile`, env: { ...process.env, HOME: folder },
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND"],
});
const page = await browser.newPage();
const ways = {
  first: async () => {},
  setNumber: (text) => page.evaluate((text) => field.setNumber(text), text),
  filled: (text) => page.evaluate((text) => {
    const input = document.querySelector("#number");
    input.focus();
    input.value = text;
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  }, text),
  typed: async (text) => (await page.click("#number"), await page.keyboard.type(text, { delay: 20 })),
};
const look = async (way, text, options) => {
  await page.setContent(`<style>${style}</style><input id="number" type="tel" value="${way === "first" ? text : ""}">`);
  await page.addScriptTag({ content: script });
  await page.evaluate((options) => {
    window.field = intlTelInput(document.querySelector("#number"), options);
    return field.promise.then(() => {});
  }, options);
  await ways[way](text);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const read = await page.evaluate(() => [field.getNumber() || "nothing", field.isValidNumber(), field.isValidNumberPrecise()]);
  const missing = (await page.evaluate(() => document.body.innerText)).includes("No results found") ? " no results found" : "";
  return read.join(" ") + missing;
};
const util = google.PhoneNumberUtil.getInstance();
for (const text of ["0044 7700 900123", "+44 7700 900123"]) {
  console.log(`libphonenumber, ${text}: ${util.format(util.parse(text, "DE"), google.PhoneNumberFormat.E164)}`);
  for (const way in ways) {
    console.log(`${way}, ${text}: ${await look(way, text, { initialCountry: "de" })}`);
    console.log(`${way} in one, ${text}: ${await look(way, text, { initialCountry: "de", separateDialCode: false })}`);
  }
}
console.log(`first of fr, 0044 7700 900123: ${await look("first", "0044 7700 900123", { initialCountry: "fr" })}`);
await browser.close();
process.exit();
JS
node "$folder/fields.mjs" "$folder" | tee "$folder/read"

is() { grep -qxF "$1: $2" "$folder/read"; }
abroad="0044 7700 900123"
echo "getNumber(), isValidNumber(), isValidNumberPrecise():"
expect "libphonenumber reads it" is "libphonenumber, $abroad" "+447700900123"
expect "as the first value, it is German, and valid" is "first, $abroad" "+497700900123 true true"
expect "so it is by setNumber()" is "setNumber, $abroad" "+497700900123 true true"
expect "filled in, it is another one, and valid" is "filled, $abroad" "+490447700900123 true false"
expect "typed, it lacks a digit, and is valid" is "typed, $abroad" "+49044770090012 true false"
expect "with + it cannot be typed" is "typed, +44 7700 900123" "nothing false false no results found"
expect "but it can be filled in" is "filled, +44 7700 900123" "+447700900123 true false"
expect "without separateDialCode, it can be typed" is "typed in one, +44 7700 900123" "+447700900123 true false"
for way in filled typed; do
  expect "and with 00 it is right $way" is "$way in one, $abroad" "+447700900123 true false"
done
expect "and wrong as the first value" is "first in one, $abroad" "+497700900123 true true"
expect "a French field says that it is no number" is "first of fr, $abroad" "+337700 900123 false false"
