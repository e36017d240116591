/** The kind of bytes that are not UTF-8; `other` may be text in another encoding, such as Windows-1252. */
export type OtherEncoding = 'UTF-16' | 'binary' | 'other';

/**
 * Detects the encoding of a file that should hold JSON in UTF-8, as all of CleverTap's payloads do.
 *
 * @returns undefined for UTF-8
 */
export function otherEncoding(bytes: Uint8Array): OtherEncoding | undefined {
  if (isUtf16(bytes)) return 'UTF-16';
  if (isUtf8(bytes)) return undefined;
  const hasControls = bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return hasControls ? 'binary' : 'other';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Detects UTF-16 by a byte order mark, or by JSON's first two characters, which are ASCII (RFC 4627, section 3). */
function isUtf16([a, b, c, d]: Uint8Array): boolean {
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  const isZero = [a, b, c, d].map((byte) => byte === 0);
  return (
    d !== undefined &&
    (isZero.join() === 'false,true,false,true' || isZero.join() === 'true,false,true,false')
  );
}
