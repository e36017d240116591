import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MappingRule, MappingSettings } from '../../lambda/mapping/rule-format';
import { EnvironmentConfigError, type EnvironmentConfig } from './environment-config';
import { parseRules } from './rule-parser';

const directory = join(__dirname, '../../config/mappings');

/**
 * What the function of an environment needs to map events.
 *
 * @throws {EnvironmentConfigError} naming every mistake in its rule files
 */
export const mappingOf = ({ mappings, campaigns, deniedIdentities }: EnvironmentConfig): MappingSettings => ({
  rules: readMappingRules(mappings),
  campaigns,
  deniedIdentities,
});

/**
 * Reads rule files of `config/mappings/`, in the order of their names: the first rule that matches applies.
 *
 * @param names file names without `.json`, as an environment's `mappings` lists them
 * @throws {EnvironmentConfigError} naming file, line, column and key of every mistake
 */
export function readMappingRules(names: readonly string[]): MappingRule[] {
  return names.flatMap((name) => {
    const file = `config/mappings/${name}.json`;
    let text: string;
    try {
      text = readFileSync(join(directory, `${name}.json`), 'utf8');
    } catch {
      throw new EnvironmentConfigError(
        `${file}: cannot be read; mappings must list files of config/mappings/`,
      );
    }
    return rulesOf(file, name, text);
  });
}

/**
 * The rules in the text of a file.
 *
 * @param file for the messages, e.g. `config/mappings/purchase.json`
 * @throws {EnvironmentConfigError} naming file, line, column and key of every mistake
 */
export function rulesOf(file: string, name: string, text: string): MappingRule[] {
  const { rules, errors } = parseRules(name, text);
  if (errors.length === 0) return rules;
  throw new EnvironmentConfigError(
    errors
      .map(({ line, column, key, message }) =>
        [`${file}:${line}:${column}`, ...(key === undefined ? [] : [key]), message].join(': '),
      )
      .join('\n'),
  );
}
