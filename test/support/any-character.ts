import fc from 'fast-check';

const firstSurrogate = 0xd800;
const surrogates = 0x800;

/**
 * Any Unicode character, as the `unit` of a string. Equal to fast-check's `binary`, which spends 0.8 s in each test
 * file on a table of all 1.1 million.
 */
export const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - surrogates }).map(
  (index) => String.fromCodePoint(index < firstSurrogate ? index : index + surrogates),
  (character) => {
    const codePoint = String(character).codePointAt(0) ?? 0;
    return codePoint < firstSurrogate ? codePoint : codePoint - surrogates;
  },
);
