// What itseme_identity.mjs needs of libphonenumber-js with all metadata: "libphonenumber-js/max", or the bundle for web pages.

export const adapter = ({ getCountryCallingCode, parsePhoneNumberFromString: parse }) => ({
  /** The number in E.164, or undefined. */
  e164: (number, region) => parse(number, { defaultCountry: region, extract: false })?.number,
  /** The calling code of a region. */
  callingCode: getCountryCallingCode,
  /** The region of a number in E.164, or the first of those that share its calling code. */
  regionOf: (number) => parse(number)?.getPossibleCountries()[0],
});

// Region and input of the vectors that this library cannot be made to read alike, and why.
export const KNOWN_DIFFERENCES = new Map([
  ["AI 1 413 4264", "the area code is not put in front of seven digits behind a 1, in the Caribbean; no such number exists"],
]);
