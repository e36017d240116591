import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EnvironmentConfigError, parseEnvironment, type EnvironmentConfig } from './environment-config';

const configDirectory = join(__dirname, '../../config');

/** The environment of `npm start`, which runs on the local machine. */
export const localEnvironment = 'local';

/** Whether an environment is deployed to AWS. */
export const isDeployed = (name: string): boolean => name !== localEnvironment;

/** The stack of an environment, e.g. `ClevertapToHeapDev`. */
export const stackName = (environment: string): string =>
  `ClevertapToHeap${environment.charAt(0).toUpperCase()}${environment.slice(1)}`;

/**
 * All environments: the names of the TypeScript files in `config/`, the local one last.
 *
 * @param directory replaces `config/` in tests
 */
export function environmentNames(directory = configDirectory): string[] {
  const names = readdirSync(directory)
    .flatMap((file) => /^([^.]+)\.ts$/.exec(file)?.[1] ?? [])
    .sort();
  return [...names.filter(isDeployed), ...names.filter((name) => !isDeployed(name))];
}

/** Loaded by path: the names are known only at run time. */
const load: (path: string) => object = createRequire(__filename);

/**
 * The checked settings of an environment: the one value that its file in `config/` exports, under any name.
 *
 * @param directory replaces `config/` in tests
 * @throws {EnvironmentConfigError} listing every mistake in the file, or an unknown environment
 */
export function readEnvironment(name: string, directory = configDirectory): EnvironmentConfig {
  const known = environmentNames(directory);
  // Checked before the file is read: a case-insensitive file system would find one for "Dev".
  if (!known.includes(name)) {
    throw new EnvironmentConfigError(`unknown environment "${name}"; known: ${known.join(', ')}`);
  }
  // Alarms are found by prefix: "ClevertapToHeapProd-" would match those of an environment "prod-eu".
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
    throw new EnvironmentConfigError(
      `config/${name}.ts: environment names must be letters and digits, starting with a lower-case letter, such as "prodEu"`,
    );
  }
  const exported = Object.entries(load(join(directory, `${name}.ts`)));
  if (exported.length > 1) {
    const names = exported
      .map(([exportName]) => exportName)
      .sort()
      .join(', ');
    throw new EnvironmentConfigError(
      `config/${name}.ts: must export one value, the settings; got ${names}; remove the other exports`,
    );
  }
  return parseEnvironment(`config/${name}.ts`, exported[0]?.[1]);
}
