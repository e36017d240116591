import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MappingRule, MappingSettings } from '../../lambda/mapping/rule-format';
import { EnvironmentConfigError, type EnvironmentConfig } from './environment-config';
import { parseRules, type RuleError } from './rule-parser';

const directory = join(__dirname, '../../config/mappings');

/** Receives each part of a rule file that has no effect, with file, line, column and key. */
export type Warn = (warning: string) => void;

const warnNobody: Warn = () => undefined;

/**
 * The mapping settings that an environment's function needs.
 *
 * @throws {EnvironmentConfigError} listing every mistake in its rule files
 */
export const mappingOf = (
  { mappings, campaigns, deniedIdentities }: EnvironmentConfig,
  warn: Warn = warnNobody,
): MappingSettings => ({
  rules: readMappingRules(mappings, warn),
  campaigns,
  deniedIdentities,
});

/**
 * Reads rule files of `config/mappings/` in the given order: the first matching rule applies.
 *
 * @param names file names without `.json`, as an environment's `mappings` lists them
 * @throws {EnvironmentConfigError} listing every mistake with file, line, column and key
 */
export function readMappingRules(names: readonly string[], warn: Warn = warnNobody): MappingRule[] {
  return names.flatMap((name) => {
    const file = `config/mappings/${name}.json`;
    let text: string;
    try {
      text = readFileSync(ruleFile(name), 'utf8');
    } catch {
      throw new EnvironmentConfigError(
        `${file}: the file cannot be read; mappings must list files in config/mappings/`,
      );
    }
    return rulesOf(file, name, text, warn);
  });
}

/** The path of a file listed in an environment's `mappings`. */
export const ruleFile = (name: string): string => join(directory, `${name}.json`);

/**
 * Parses the contents of a rule file.
 *
 * @param file for the messages, e.g. `config/mappings/purchase.json`
 * @throws {EnvironmentConfigError} listing every mistake with file, line, column and key
 */
export function rulesOf(file: string, name: string, text: string, warn: Warn = warnNobody): MappingRule[] {
  const { rules, errors, warnings } = parseRules(name, text);
  if (errors.length > 0) {
    throw new EnvironmentConfigError(errors.map((error) => describeRuleError(file, error)).join('\n'));
  }
  for (const warning of warnings) warn(describeRuleError(file, warning));
  return rules;
}

/** One line: file, line, column, key and message. */
export const describeRuleError = (file: string, { line, column, key, message }: RuleError): string =>
  [`${file}:${line}:${column}`, ...(key === undefined ? [] : [key]), message].join(': ');
