import { losesDigits } from '../json';
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

/** A number that could be rounded, or an integer in another notation: of 16 characters, 1e7 or 1.0. */
const suspiciousNumber = /(?:^|[:[,])\s*-?(?:\d[\d.]{15}|\d+(?:\.\d+)?e|\d+\.0+(?=[\s,}\]]|$))/i;

/** Whether the parsed value tells all, as it does of most bodies: no name stands twice, and no number is suspicious. */
const tellsAll = (root: unknown, json: string): boolean =>
  countNames(root, 64) === (json.match(/"\s*:/g)?.length ?? 0) && !suspiciousNumber.test(json);

/** The names in a value, apart from those nested deeper than so many levels. */
function countNames(value: unknown, levels: number): number {
  if (typeof value !== 'object' || value === null || levels === 0) return 0;
  const members: unknown[] = Object.values(value);
  let count = Array.isArray(value) ? 0 : members.length;
  for (const member of members) count += countNames(member, levels - 1);
  return count;
}
