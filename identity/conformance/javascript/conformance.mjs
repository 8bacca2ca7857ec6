// Compares what itseme_identity.mjs reads with ../../vectors.json, on top of each library. Exits with 1 if there is a difference
// that is not among the library's KNOWN_DIFFERENCES.

import { readFileSync } from "node:fs";

import google from "google-libphonenumber";
import * as libphonenumberJs from "libphonenumber-js/max";
import { parse as parseToml } from "smol-toml";

import * as onGoogle from "./google-libphonenumber.mjs";
import { Reader, Refused, hashOf } from "./itseme_identity.mjs";
import * as onLibphonenumberJs from "./libphonenumber-js.mjs";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const RULES = parseToml(read("../../numbering.toml")).rule;
const VECTORS = JSON.parse(read("../../vectors.json"));
const VERSIONS = JSON.parse(read("package.json")).dependencies;
const REGIONS = { "+447700900123": "GB", "+447781123456": "GG", "+12025550123": "US", "+80012345678": undefined };

/** What the reader makes of a vector, in the vector's own form. */
async function outcome(reader, { provider, input, region }) {
  let id;
  try {
    id = reader.identity(provider, input, region);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.reason };
    throw error;
  }
  const withHash = async (id) => ({ id, hash: await hashOf(provider, id) });
  const aliases = await Promise.all(reader.aliases(provider, id).sort().map(withHash));
  return { ...(await withHash(id)), ...(aliases.length && { aliases }) };
}

/** Whether a reader that knows ASCII only may refuse it, as it stands or percent-decoded. */
function mayBeBeyond({ provider, input }) {
  return provider !== "phone" && /[^\0-\x7f]|xn--|%|@\[/i.test(input);
}

async function compare(name, { adapter, KNOWN_DIFFERENCES }, library) {
  const reader = new Reader(adapter(library), RULES);
  const count = { alike: 0, beyond: 0, known: 0, different: 0 };
  const isDifferent = (input, what) => {
    count.different++;
    console.error(`${name}: ${JSON.stringify(input)}: ${what}`);
  };
  for (const vector of VECTORS) {
    const { id, hash, aliases, refused } = vector;
    const expected = JSON.stringify(refused ? { refused } : { id, hash, aliases });
    const found = await outcome(reader, vector);
    const isAlike = JSON.stringify(found) === expected;
    const isKnown = KNOWN_DIFFERENCES.has(`${vector.region ?? ""} ${vector.input}`);
    if (isAlike && isKnown) isDifferent(vector.input, "is no known difference any more");
    else if (isAlike) count.alike++;
    else if (isKnown) count.known++;
    else if (found.refused === "not-plain" && mayBeBeyond(vector)) count.beyond++;
    else isDifferent(vector.input, `${vector.region ?? ""}: ${JSON.stringify(found)} instead of ${expected}`);
  }
  for (const [number, region] of Object.entries(REGIONS)) {
    const found = reader.regionOf(number);
    if (found !== region) isDifferent(number, `of ${found} instead of ${region}`);
  }
  console.log(
    `${name} ${VERSIONS[name]}: ${count.alike} of ${VECTORS.length} ids read alike, refused as beyond ASCII: ${count.beyond}, ` +
      `known differences: ${count.known}`,
  );
  if (count.different) process.exitCode = 1;
}

await compare("google-libphonenumber", onGoogle, google);
await compare("libphonenumber-js", onLibphonenumberJs, libphonenumberJs);
