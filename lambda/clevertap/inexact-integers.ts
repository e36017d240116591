import { createScanner } from 'jsonc-parser';

/**
 * The same JSON with every integer that a JavaScript number cannot hold as text: 12345678901234567890 would become
 * 12345678901234567000, another user or another order (F33).
 */
export function quoteInexactIntegers(json: string): string {
  // Almost no body has one, and most are told apart by this alone.
  if (!/\d{16}/.test(json)) return json;
  const scanner = createScanner(json, true);
  let result = '';
  let copied = 0;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    const token = json.slice(start, end);
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) continue;
    result += `${json.slice(copied, start)}"${token}"`;
    copied = end;
  }
  return result + json.slice(copied);
}
