// libphonenumber-js with its full metadata, for itseme_identity.mjs.

import { getCountryCallingCode, parsePhoneNumberFromString } from "libphonenumber-js/max";

export const LIBRARY = "libphonenumber-js 1.13.16";
// Region and input of the vectors that this library cannot be made to read alike, and why.
export const KNOWN_DIFFERENCES = new Map([
  ["AI 1 413 4264", "the area code is not put in front of seven digits behind a 1, in the Caribbean; no such number exists"],
]);

/** The number in E.164, or undefined. */
export function e164(number, region) {
  return parsePhoneNumberFromString(number, { defaultCountry: region, extract: false })?.number;
}

/** The calling code of a region. */
export function callingCode(region) {
  return getCountryCallingCode(region);
}
