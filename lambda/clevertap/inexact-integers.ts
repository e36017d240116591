import { createScanner } from 'jsonc-parser';

/**
 * The same JSON with every integer that a JavaScript number cannot hold as text: 12345678901234567890 would become
 * 12345678901234567000, another user or another order (F33).
 */
export function quoteInexactIntegers(json: string): string {
  if (!mayHoldInexactInteger(json)) return json;
  const scanner = createScanner(json, true);
  let result = '';
  let copied = 0;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    const token = json.slice(start, end);
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) continue;
    // A name without quotes is no JSON, and must not become it (F29).
    if (isName(json, end)) continue;
    result += `${json.slice(copied, start)}"${token}"`;
    copied = end;
  }
  return result + json.slice(copied);
}

function isName(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}

/**
 * Whether sixteen digits in a row stand where a number may. Almost no body has them, and to see that it takes a look
 * at every sixteenth character: one of the sixteen is there.
 */
function mayHoldInexactInteger(json: string): boolean {
  for (let place = 15; place < json.length; place += 16) {
    if (!isDigit(json.charCodeAt(place))) continue;
    let start = place;
    while (isDigit(json.charCodeAt(start - 1))) start -= 1;
    let end = place + 1;
    while (isDigit(json.charCodeAt(end))) end += 1;
    if (end - start >= 16 && /^[-\s:,[]?$/.test(json.slice(Math.max(0, start - 1), start))) return true;
    // Never twice through the same digits (F37).
    while (place + 16 < end) place += 16;
  }
  return false;
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
