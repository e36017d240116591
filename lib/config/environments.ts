import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EnvironmentConfigError, parseEnvironment, type EnvironmentConfig } from './environment-config';

const configDirectory = join(__dirname, '../../config');

/** The environment of `npm start`, which runs on this machine. */
export const localEnvironment = 'local';

/** Whether an environment is one on AWS. */
export const isDeployed = (name: string): boolean => name !== localEnvironment;

/** The stack of an environment, e.g. `ClevertapToHeapDev`. */
export const stackName = (environment: string): string =>
  `ClevertapToHeap${environment.charAt(0).toUpperCase()}${environment.slice(1)}`;

/**
 * Every environment: the names of the TypeScript files in `config/`, the local one last.
 *
 * @param directory another one than `config/`, for tests
 */
export function environmentNames(directory = configDirectory): string[] {
  const names = readdirSync(directory)
    .flatMap((file) => /^([^.]+)\.ts$/.exec(file)?.[1] ?? [])
    .sort();
  return [...names.filter(isDeployed), ...names.filter((name) => !isDeployed(name))];
}

/** By path, since nobody can import what is found by its name. */
const load: (path: string) => object = createRequire(__filename);

/**
 * The checked settings of an environment: what its file in `config/` exports, under whatever name.
 *
 * @param directory another one than `config/`, for tests
 * @throws {EnvironmentConfigError} naming every mistake of the file, or an unknown environment
 */
export function readEnvironment(name: string, directory = configDirectory): EnvironmentConfig {
  const known = environmentNames(directory);
  // Before the file is looked for: a file system that ignores case would find one for "Dev".
  if (!known.includes(name)) {
    throw new EnvironmentConfigError(`unknown environment "${name}"; known: ${known.join(', ')}`);
  }
  // The alarms of a prod-eu would be taken for those of prod, whose names begin with "ClevertapToHeapProd-".
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
    throw new EnvironmentConfigError(
      `config/${name}.ts: the name of an environment must be letters and digits, the first a small letter, such as "prodEu"`,
    );
  }
  const exported = Object.entries(load(join(directory, `${name}.ts`)));
  if (exported.length > 1) {
    const names = exported
      .map(([exportName]) => exportName)
      .sort()
      .join(', ');
    throw new EnvironmentConfigError(
      `config/${name}.ts: must export one value, its settings; got ${names}. Take "export" from the others.`,
    );
  }
  return parseEnvironment(`config/${name}.ts`, exported[0]?.[1]);
}
