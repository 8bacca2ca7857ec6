// What itseme_identity.mjs needs of google-libphonenumber.

export function adapter({ PhoneNumberFormat, PhoneNumberUtil }) {
  const util = PhoneNumberUtil.getInstance();
  const parsed = (number, region) => {
    try {
      return util.parse(number, region);
    } catch {
      return undefined;
    }
  };
  return {
    /** The number in E.164, or undefined. */
    e164(number, region) {
      const found = parsed(number, region);
      return found && util.format(found, PhoneNumberFormat.E164);
    },
    /** The calling code of a region. */
    callingCode: (region) => util.getCountryCodeForRegion(region),
    /** The region of a number in E.164, or the first of those that share its calling code. */
    regionOf(number) {
      const found = parsed(number);
      const region = found && (util.getRegionCodeForNumber(found) ?? util.getRegionCodeForCountryCode(found.getCountryCode()));
      return region === "001" ? undefined : region;
    },
  };
}

// Region and input of the vectors that this library cannot be made to read alike, and why.
export const KNOWN_DIFFERENCES = new Map([]);
