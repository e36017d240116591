import { Output, TypeGuards, type Template } from 'liquidjs';
import { memberOf, specialNames } from './template-scope';

/** Reads the value of a template from the values of an event. */
export type PathReader = (scope: object) => unknown;

/**
 * Most templates are one path, such as `{{ Event.Price }}`, perhaps with a literal as `default`. To read it directly
 * takes a twentieth of what liquidjs needs to evaluate its syntax tree, and gives the same value.
 *
 * @param ignoredFilter the name of a filter that changes nothing
 * @returns undefined for any other template
 */
export function compilePath(templates: readonly Template[], ignoredFilter: string): PathReader | undefined {
  const [output, ...rest] = templates;
  if (!(output instanceof Output) || rest.length > 0) return undefined;
  const [token, ...operators] = output.value.initial.postfix;
  if (!TypeGuards.isPropertyAccessToken(token) || token.variable !== undefined || operators.length > 0) {
    return undefined;
  }
  const keys: string[] = [];
  for (const key of token.props) {
    if (!('content' in key) || typeof key.content !== 'string' || specialNames.has(key.content))
      return undefined;
    keys.push(key.content);
  }

  const last = keys.pop();
  if (last === undefined) return undefined;
  const read: PathReader = (scope) => {
    let value: unknown = scope;
    for (const key of keys) value = memberOf(value, key);
    return memberOf(value, last, asItIs);
  };
  const [filter, ...others] = output.value.filters.filter(({ name }) => name !== ignoredFilter);
  if (filter === undefined) return read;
  const [literal, ...options] = filter.args;
  if (filter.name !== 'default' || others.length + options.length > 0 || !isLiteral(literal))
    return undefined;
  const { content } = literal;
  return (scope) => {
    const value = read(scope);
    return isDefaulted(value) ? content : value;
  };
}

/** Of an object nothing is asked any more: it becomes properties, as those of an event do that no template reads. */
const asItIs = (object: object): object => object;

/** What liquidjs's `default` replaces. */
const isDefaulted = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === '' ||
  (Array.isArray(value) && value.length === 0);

function isLiteral(argument: unknown): argument is { readonly content: string | number | boolean } {
  if (typeof argument !== 'object' || argument === null || !('content' in argument)) return false;
  return ['string', 'number', 'boolean'].includes(typeof argument.content);
}
