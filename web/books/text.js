// From the bytes of a file to text. As long as a value is not decoded, each letter of a string stands for a byte ("binary"), because a
// line may be folded within a letter, and a property may have a character set of its own.

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BOM = /^\xef\xbb\xbf/;
const BOUNDARY = /^[ \t\f]*(?:BEGIN|END):VCARD[ \t\f]*$/i;

/** A file, in UTF-8 or in what its parts turn out to be. */
export class Text {
  /** If what a property says of its character set is true: not so if the whole file was in UTF-16. */
  #isLabelled;

  constructor(bytes) {
    const wide = utf16(bytes);
    this.#isLabelled = !wide;
    this.binary = binaryOf(wide ? new TextEncoder().encode(new TextDecoder(wide).decode(bytes)) : bytes).replace(BOM, '');
  }

  /** The text of a part: by its declared character set, as UTF-8, or as what Windows writes in the west. */
  decode(binary, charset) {
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const declared = this.#isLabelled && charset && decoder(charset);
    if (declared && declared.encoding !== 'utf-8') return declared.decode(bytes);
    try {
      return UTF_8.decode(bytes);
    } catch {
      return decoder('windows-1252').decode(bytes);
    }
  }

  whole() {
    return this.decode(this.binary);
  }

  /** The lines as they were before they were folded (RFC 6350, 3.2; RFC 2849), still binary. */
  *lines() {
    const stored = this.binary.split('\n').flatMap(betweenReturns).map((line) => line.replace(BOM, ''));
    for (let at = 0; at < stored.length;) {
      const first = stored[at++];
      const parts = [first];
      const breaksSoftly = /^[^:]*QUOTED-PRINTABLE/i.test(first); // with a = at the end (RFC 2045, 6.7)
      const isFoldable = first.trim() && !BOUNDARY.test(first);
      // A card begins and ends even where the line before seems to go on.
      for (; at < stored.length && !BOUNDARY.test(stored[at]); at++) {
        const last = parts.length - 1;
        if (breaksSoftly && parts[last].endsWith('=')) {
          parts[last] = parts[last].slice(0, -1);
          parts.push(stored[at]);
        } else if (isFoldable && /^[ \t]/.test(stored[at])) {
          parts.push(stored[at].slice(1));
        } else break;
      }
      yield parts.join('');
    }
  }
}

/** UTF-16 has a byte order mark, or a zero beside each of its first letters. */
function utf16([first, second, third, fourth]) {
  const isLetter = (byte) => byte > 0 && byte < 0x80;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (isLetter(first) && second === 0 && isLetter(third) && fourth === 0) return 'utf-16le';
  if (first === 0 && isLetter(second) && third === 0 && isLetter(fourth)) return 'utf-16be';
  return undefined;
}

/** The decoder of a character set, undefined if browsers do not know it. */
function decoder(charset) {
  try {
    return new TextDecoder(charset, { ignoreBOM: true });
  } catch {
    return undefined;
  }
}

function binaryOf(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 0x8000) parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return parts.join('');
}

/** Lines also end with CR, or with any number of CRs before the LF. */
function betweenReturns(line) {
  const parts = line.split('\r');
  while (parts.length > 1 && !parts.at(-1)) parts.pop();
  return parts;
}
