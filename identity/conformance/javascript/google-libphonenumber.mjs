// google-libphonenumber, for itseme_identity.mjs.

import google from "google-libphonenumber";

export const LIBRARY = "google-libphonenumber 3.2.47";
const UTIL = google.PhoneNumberUtil.getInstance();
// Region and input of the vectors that this library cannot be made to read alike, and why.
export const KNOWN_DIFFERENCES = new Map([]);

/** The number in E.164, or undefined. */
export function e164(number, region) {
  try {
    return UTIL.format(UTIL.parse(number, region), google.PhoneNumberFormat.E164);
  } catch {
    return undefined;
  }
}

/** The calling code of a region. */
export function callingCode(region) {
  return UTIL.getCountryCodeForRegion(region);
}
