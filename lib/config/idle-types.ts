import type { MappingRule, TemplateJson } from '../../lambda/mapping/rule-format';

/**
 * Names of a rule's `types` that can never apply: no property of the rule can have them as a single value. With `spread`
 * any name may come from the payload.
 */
export function idleTypes({ types = {}, spread = [], send }: MappingRule): string[] {
  if (spread.length > 0) return [];
  const properties = Object.entries(send.properties ?? {});
  return Object.keys(types).filter(
    (type) => type !== unusableTime && !properties.some(([name, json]) => canMake(json, name, type)),
  );
}

/** The property in which the mapping keeps a `timestamp` that cannot be used. */
const unusableTime = 'original_timestamp';

/** Whether a property under a path may become one under the wanted path, as the mapping flattens it. */
function canMake(json: TemplateJson, path: string, wanted: string): boolean {
  if (typeof json === 'string')
    return path === wanted || (isSingleOutput(json) && wanted.startsWith(`${path}.`));
  if (typeof json !== 'object') return path === wanted;
  if (json === null) return false;
  if (!isList(json)) {
    return Object.entries(json).some(([name, member]) => canMake(member, `${path}.${name}`, wanted));
  }
  // Elements are numbered when one is an object; those without a value are left out before.
  const isNumbered = json.some(
    (element) => typeof element === 'object' || (typeof element === 'string' && isSingleOutput(element)),
  );
  return (
    isNumbered &&
    json.some((_, index) => json.some((element) => canMake(element, `${path}.${index}`, wanted)))
  );
}

/** A template that keeps the type of its value, which may be an object or a list. */
const isSingleOutput = (text: string): boolean => /^\{\{[^]*\}\}$/.test(text);

const isList = (json: TemplateJson): json is readonly TemplateJson[] => Array.isArray(json);
