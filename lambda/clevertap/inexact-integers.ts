import { createScanner } from 'jsonc-parser';

/**
 * Quotes every integer that a JavaScript number cannot represent exactly: 12345678901234567890 would become
 * 12345678901234567000, another user or another order.
 */
export function quoteInexactIntegers(json: string): string {
  // Sixteen digits in a row where a number may start. Almost no body has them.
  if (!/(?:^|[-\s:,[])\d{16}/.test(json)) return json;
  const scanner = createScanner(json, true);
  let result = '';
  let copied = 0;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    const token = json.slice(start, end);
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) continue;
    // A name without quotes is not JSON, and must not become it.
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
