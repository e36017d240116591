import { isJsonObject, losesDigits } from '../json';
import { tokensOf } from './tokens';

/** What `JSON.parse` does not tell of a body. */
export interface JsonFinding {
  /** `duplicate`: the name is in its object already, and the last value counts. `rounded`: the number lost digits. */
  readonly kind: 'duplicate' | 'rounded';
  /** The objects and lists it is in, outermost first; only five, as deep nesting would cost memory. */
  readonly around: readonly unknown[];
  /** The name of the value, or of a list around it; blank if there is none. */
  readonly name: string;
  readonly position: string;
}

/**
 * Parses JSON. An integer beyond 2^53 becomes a string: 12345678901234567890 would become 12345678901234567000, another
 * user or another order.
 *
 * @returns `exact` is the root with Infinity for each integer that was written as something else, such as 1e7 or 1.0, or
 *   rounded from it: no identity may be made of it. Undefined if there is none
 * @throws if it is not JSON
 */
export function readJson(json: string): {
  readonly root: unknown;
  readonly exact: unknown;
  readonly findings: readonly JsonFinding[];
} {
  const root: unknown = JSON.parse(json);
  if (tellsAll(root, json)) return { root, exact: undefined, findings: [] };
  const found: (Omit<JsonFinding, 'around'> & { readonly path: readonly (string | number)[] })[] = [];
  const names: Set<string>[] = [];
  let [text, exact, copied] = ['', '', 0];
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
      text += before + (isLong ? `"${source}"` : source);
      exact += before + (isLong ? `"${source}"` : '1e999');
      copied = end;
    }
  }
  const parse = (start: string): unknown => JSON.parse(start + json.slice(copied));
  const sent = text === '' ? root : parse(text);
  const findings = found.map(({ path, ...finding }) => ({ ...finding, around: valuesOn(path, sent) }));
  return { root: sent, exact: text === exact ? undefined : parse(exact), findings };
}

/** A value and those in it on a path, but for the last. */
function valuesOn([step = '', ...path]: readonly (string | number)[], value: unknown): unknown[] {
  const next: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return path.length === 0 ? [value] : [value, ...valuesOn(path, next)];
}

const isInteger = (number: string): boolean => /^-?\d+$/.test(number);

const isLongInteger = (number: string): boolean => isInteger(number) && !Number.isSafeInteger(Number(number));

/** An integer in another notation, such as 1e7 or 1.0. */
const isOddInteger = (number: string): boolean => !isInteger(number) && Number.isSafeInteger(Number(number));

/** Numbers that may mean more than JSON.parse makes of them: of 15 digits and more, or written as 1e7 or 1.0. */
const suspicious = /[:[,]\s*(-?(?:[\d.]{16,}|[\d.]+(?=[eE])|\d+\.0+)(?:[eE][-+]?\d+)?)(?=[\s,}\]])/g;

/**
 * Whether the parsed value tells all, as it does of most bodies: no name stands twice, and no number means more. A string
 * that looks like names or numbers of JSON is taken for them, and its body is scanned in vain.
 */
function tellsAll(root: unknown, json: string): boolean {
  if (countNames(root, 64) !== (json.match(/"\s*:/g)?.length ?? 0)) return false;
  for (const [, number = ''] of json.matchAll(suspicious)) {
    if (isLongInteger(number) || isOddInteger(number) || losesDigits(number)) return false;
  }
  return true;
}

/** The names in a value, apart from those nested deeper than so many levels. */
function countNames(value: unknown, levels: number): number {
  let count = 0;
  if (typeof value !== 'object' || value === null || levels === 0) return count;
  if (Array.isArray(value)) for (const element of value) count += countNames(element, levels - 1);
  else if (isJsonObject(value)) for (const name in value) count += 1 + countNames(value[name], levels - 1);
  return count;
}
