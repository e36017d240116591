import { isJsonObject, losesDigits } from '../json';
import { tokensOf } from './tokens';

/** What `JSON.parse` does not tell of a body. */
export interface JsonFinding {
  /**
   * `duplicate`: the name is in its object already, and the last value counts. `rounded`: the number lost digits.
   * `not_integer`: its value is an integer, and it was written or rounded from something else, such as 1e7 or 1.0.
   */
  readonly kind: 'duplicate' | 'rounded' | 'not_integer';
  /** Names and list indexes that lead to the value; only the outermost five, as deep nesting would cost memory. */
  readonly path: readonly (string | number)[];
  /** The name of the value, or of a list around it; blank if there is none. */
  readonly name: string;
  readonly position: string;
}

/**
 * Parses JSON. An integer beyond 2^53 becomes a string: 12345678901234567890 would become 12345678901234567000, another
 * user or another order.
 *
 * @throws if it is not JSON
 */
export function readJson(json: string): {
  readonly root: unknown;
  readonly findings: readonly JsonFinding[];
} {
  const root: unknown = JSON.parse(json);
  if (tellsAll(root, json)) return { root, findings: [] };
  const findings: JsonFinding[] = [];
  const names: Set<string>[] = [];
  let exact = '';
  let copied = 0;
  for (const { source, start, end, line, column, path, isName } of tokensOf(json)) {
    const find = (kind: JsonFinding['kind']): void => {
      const outermost = path.slice(0, 5);
      const name = [...outermost, path.at(-1)].findLast((step) => typeof step === 'string') ?? '';
      findings.push({ kind, path: outermost, name, position: `line ${line} column ${column}` });
    };
    if (source === '{') names[path.length + 1] = new Set();
    else if (isName && source !== '}') {
      const [name, siblings] = [String(path.at(-1)), names[path.length]];
      if (siblings?.has(name) === true) find('duplicate');
      siblings?.add(name);
    } else if (/^-?\d+[.e]/i.test(source)) {
      if (losesDigits(source)) find('rounded');
      if (Number.isSafeInteger(Number(source))) find('not_integer');
    } else if (/^-?\d/.test(source) && !Number.isSafeInteger(Number(source))) {
      exact += `${json.slice(copied, start)}"${source}"`;
      copied = end;
    }
  }
  return { root: JSON.parse(exact + json.slice(copied)), findings };
}

/** Numbers whose text matters: of 16 digits, with an exponent, or with a blank fraction in an identity or id. */
const suspiciousInList = /[[,]\s*-?(?:\d[\d.]{15}|\d+(?:\.\d+)?e)/i;
const suspiciousId = /(?:ty|il|ne|id|ey|\\.*)"\s*:\s*-?\d+\.0+$/is;

/** Whether a parsed value tells all: no name stands twice, and no number is suspicious. So it is with most bodies. */
function tellsAll(root: unknown, json: string): boolean {
  const parsed = { names: 0, hasListOfNumbers: false };
  survey(root, 64, parsed);
  for (let colon = json.indexOf(':'); colon !== -1; colon = json.indexOf(':', colon + 1)) {
    let before = colon - 1;
    while (json.charCodeAt(before) <= 0x20) before -= 1;
    // A quote and a colon within a string count, too: that body is scanned in vain.
    if (json.charCodeAt(before) !== 0x22) continue;
    parsed.names -= 1;
    let value = colon + 1;
    while (json.charCodeAt(value) <= 0x20) value += 1;
    if (json.charCodeAt(value) === 0x22 || json.charCodeAt(value) > 0x39) continue;
    let end = value + 1;
    while (json.charCodeAt(end) >= 0x2e && json.charCodeAt(end) <= 0x39) end += 1;
    const hasExponent = (json.charCodeAt(end) | 0x20) === 0x65;
    if (end - value > 15 || hasExponent) return false;
    const endsInZero = json.charCodeAt(end - 1) === 0x30;
    if (endsInZero && suspiciousId.test(json.slice(Math.max(0, before - 12), end))) return false;
  }
  return parsed.names === 0 && !(parsed.hasListOfNumbers && suspiciousInList.test(json));
}

/** Counts the names of a value; not those nested deeper. */
function survey(value: unknown, levels: number, found: { names: number; hasListOfNumbers: boolean }): void {
  if (levels === 0) return;
  if (Array.isArray(value)) {
    for (const element of value) {
      if (typeof element === 'object') survey(element, levels - 1, found);
      else if (typeof element === 'number') found.hasListOfNumbers = true;
    }
  } else if (isJsonObject(value)) {
    for (const name in value) {
      const member = value[name];
      found.names += 1;
      if (typeof member === 'object') survey(member, levels - 1, found);
    }
  }
}
