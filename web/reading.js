// The parts that read details and address books, imported when they are needed: they are larger than the rest of the page.

import { phrase } from './facts.js';

const PHRASES = { 'not-plain': 'web_book_not_plain', 'possible-phone': 'invalid_country_code' };

let opened;

/** → { books, reader }: the functions of books.js, and a reader of details. */
export function open() {
  // Browsers offer WebCrypto to pages from https: and from the own machine.
  if (!globalThis.crypto?.subtle) throw new Error(phrase('web_insecure'));
  opened ??= Promise.all([import('./books.js'), import('./reader.js')])
    .then(([books, { Reader }]) => ({ books, reader: new Reader() }))
    .catch((error) => {
      opened = undefined;
      throw new Error(phrase('web_unreachable'), { cause: error });
    });
  return opened;
}

/** The hash of a detail as it is typed. */
export async function hashOf(provider, text) {
  const { reader } = await open();
  try {
    const [hash] = await reader.hashes(provider, reader.identity(provider, text));
    return hash;
  } catch (error) {
    throw error.reason ? new Error(reasonInWords(error.reason), { cause: error }) : error;
  }
}

/** Why a detail cannot be read. */
export const reasonInWords = (reason) => phrase(PHRASES[reason] ?? `invalid_${reason.replaceAll('-', '_')}`);
