import { isJsonObject, losesDigits } from '../json';
import { tokensOf } from './tokens';

/** Something that `JSON.parse` does not report. */
export interface JsonFinding {
  /** `duplicate`: the name occurs twice in its object, and the last value counts. `rounded`: the number lost digits. */
  readonly kind: 'duplicate' | 'rounded';
  /** The objects and lists around it, outermost first. Only five, because deep nesting would cost memory. */
  readonly around: readonly unknown[];
  /** The name of the value, or of a list around it; blank if there is none. */
  readonly name: string;
  readonly position: string;
}

/**
 * Parses JSON. An integer beyond 2^53 becomes a string: as a number, 12345678901234567890 would become
 * 12345678901234567000, which is another user or another order.
 *
 * @returns `exact` is the root with Infinity for each integer that was rounded, or written as something else, such as
 *   1e7 or 1.0. No identity may be made from these. Undefined if there are none
 * @throws if it is not JSON
 */
export function readJson(json: string): {
  readonly root: unknown;
  readonly exact: unknown;
  readonly findings: readonly JsonFinding[];
} {
  const root: unknown = JSON.parse(json);
  if (isLossless(root, json)) return { root, exact: undefined, findings: [] };
  const found: (Omit<JsonFinding, 'around'> & { readonly path: readonly (string | number)[] })[] = [];
  const names: Set<string>[] = [];
  let [rewritten, exact, copied] = ['', '', 0];
  for (const { source, start, end, line, column, path, isName } of tokensOf(json)) {
    const find = (kind: JsonFinding['kind']): void => {
      const outermost = path.slice(0, 5);
      const name = [...outermost, path.at(-1)].findLast((step) => typeof step === 'string') ?? '';
      found.push({ kind, path: outermost, name, position: `line ${line} column ${column}` });
    };
    if (source === '{') names[path.length + 1] = new Set();
    else if (isName && source !== '}') {
      const [name, siblings] = [String(path.at(-1)), names[path.length]];
      if (siblings?.has(name) === true) find('duplicate');
      siblings?.add(name);
    } else if (/^-?\d/.test(source)) {
      const isLong = isLongInteger(source);
      if (!isLong && losesDigits(source)) find('rounded');
      if (!isLong && !isOddInteger(source)) continue;
      const before = json.slice(copied, start);
      rewritten += before + (isLong ? `"${source}"` : source);
      exact += before + (isLong ? `"${source}"` : '1e999');
      copied = end;
    }
  }
  const parse = (start: string): unknown => JSON.parse(start + json.slice(copied));
  const sent = rewritten === '' ? root : parse(rewritten);
  const findings = found.map(({ path, ...finding }) => ({ ...finding, around: valuesOn(path, sent) }));
  return { root: sent, exact: rewritten === exact ? undefined : parse(exact), findings };
}

/** A value and the values inside it along a path, except the last. */
function valuesOn([step = '', ...path]: readonly (string | number)[], value: unknown): unknown[] {
  const next: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return path.length === 0 ? [value] : [value, ...valuesOn(path, next)];
}

const isInteger = (number: string): boolean => /^-?\d+$/.test(number);

const isLongInteger = (number: string): boolean => isInteger(number) && !Number.isSafeInteger(Number(number));

/** An integer in another notation, such as 1e7 or 1.0. */
const isOddInteger = (number: string): boolean => !isInteger(number) && Number.isSafeInteger(Number(number));

/** Numbers that `JSON.parse` may alter: those of 15 or more digits, and notations such as 1e7 or 1.0. */
const suspicious = /[:[,]\s*(-?(?:[\d.]{16,}|[\d.]+(?=[eE])|\d+\.0+)(?:[eE][-+]?\d+)?)(?=[\s,}\]])/g;

/**
 * Whether parsing lost nothing, as with most bodies: no name occurs twice and no number was altered. A string that
 * looks like JSON names or numbers gives a false alarm, which only costs a scan.
 */
function isLossless(root: unknown, json: string): boolean {
  if (countNames(root, 64) !== (json.match(/"\s*:/g)?.length ?? 0)) return false;
  for (const [, number = ''] of json.matchAll(suspicious)) {
    if (isLongInteger(number) || isOddInteger(number) || losesDigits(number)) return false;
  }
  return true;
}

/** Counts the names in a value, down to the given number of levels. */
function countNames(value: unknown, levels: number): number {
  let count = 0;
  if (typeof value !== 'object' || value === null || levels === 0) return count;
  if (Array.isArray(value)) for (const element of value) count += countNames(element, levels - 1);
  else if (isJsonObject(value)) for (const name in value) count += 1 + countNames(value[name], levels - 1);
  return count;
}
