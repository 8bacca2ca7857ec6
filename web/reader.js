// The reader of phone numbers, e-mail addresses and Jabber IDs, with the libraries it needs: a large part of the page, so that it is
// imported when an address book is opened.

import { Reader as PlainReader } from './itseme_identity.mjs';
import { adapter } from './libphonenumber-js.mjs';
import libphonenumber from './vendor/libphonenumber-max.js';
import rules from './vendor/numbering.js';

export { Refused, hashOf } from './itseme_identity.mjs';

/** The reader of identity/conformance/javascript, on libphonenumber-js and the table of former numbers. */
export class Reader extends PlainReader {
  constructor() {
    super(adapter(libphonenumber), rules);
  }

  /** Whether a canonical id can be anybody's: not so for numbers that are impossible in their country. */
  isPossible(provider, id) {
    return provider !== 'phone' || libphonenumber.isPossiblePhoneNumber(id);
  }

  /** The regions that have numbers, like `GB`. */
  get regions() {
    return libphonenumber.getCountries();
  }
}
