import type { MappingRule, TemplateJson } from '../../lambda/mapping/rule-format';

/**
 * Names in a rule's `types` that never apply because no property can have them as a single value. With
 * `spread`, the payload may hold any name.
 */
export function idleTypes({ types = {}, spread = [], send }: MappingRule): string[] {
  if (spread.length > 0) return [];
  const properties = Object.entries(send.properties ?? {});
  return Object.keys(types).filter(
    (type) => type !== unusableTime && !properties.some(([name, json]) => canMake(json, name, type)),
  );
}

/** The property where the mapping keeps an unusable `timestamp`. */
const unusableTime = 'original_timestamp';

/** Whether flattening the value under a path can produce a property of the wanted path. */
function canMake(json: TemplateJson, path: string, wanted: string): boolean {
  if (typeof json === 'string')
    return path === wanted || (isSingleOutput(json) && wanted.startsWith(`${path}.`));
  if (typeof json !== 'object') return path === wanted;
  if (json === null) return false;
  if (!isList(json)) {
    return Object.entries(json).some(([name, member]) => canMake(member, `${path}.${name}`, wanted));
  }
  // Elements are numbered if any is an object. Those without a value are dropped first.
  const isNumbered = json.some(
    (element) => typeof element === 'object' || (typeof element === 'string' && isSingleOutput(element)),
  );
  return (
    isNumbered &&
    json.some((_, index) => json.some((element) => canMake(element, `${path}.${index}`, wanted)))
  );
}

/** A template that keeps its value's type, which may be an object or a list. */
const isSingleOutput = (text: string): boolean => /^\{\{[^]*\}\}$/.test(text);

const isList = (json: TemplateJson): json is readonly TemplateJson[] => Array.isArray(json);
