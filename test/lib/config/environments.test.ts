import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentConfigError } from '../../../lib/config/environment-config';
import { environmentNames, isDeployed, readEnvironment, stackName } from '../../../lib/config/environments';
import { settings } from '../../support/settings';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'environments-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const write = (file: string, text: string): void => {
  writeFileSync(join(directory, file), text);
};
const exporting = (name: string, apiKey = 'k1'): string =>
  `export const ${name}: object = ${JSON.stringify({ ...settings, apiKeys: [apiKey] })};\n`;

test('a file is an environment, regardless of the name of its export', () => {
  write('local.ts', exporting('local'));
  write('prod.ts', exporting('prod'));
  write('staging.ts', exporting('prod', 'staged'));
  write('prodEu.ts', 'export default ' + JSON.stringify(settings));

  expect(environmentNames(directory)).toEqual(['prod', 'prodEu', 'staging', 'local']);
  expect(environmentNames(directory).filter(isDeployed)).toEqual(['prod', 'prodEu', 'staging']);
  expect(readEnvironment('staging', directory).apiKeys).toEqual(['staged']);
  expect(readEnvironment('prodEu', directory).apiKeys).toEqual(['k1']);
  expect(stackName('staging')).toBe('ClevertapToHeapStaging');
});

test('only TypeScript files are environments', () => {
  write('mapping.schema.json', '{}');
  write('types.d.ts', '');
  write('README.md', '');

  expect(environmentNames(directory)).toEqual([]);
});

test.each([
  ['Prod', 'unknown environment "Prod"; known: prod'],
  ['../prod', 'unknown environment "../prod"; known: prod'],
])('%s is unknown', (name, message) => {
  write('prod.ts', exporting('prod'));

  expect(() => readEnvironment(name, directory)).toThrow(new EnvironmentConfigError(message));
});

// The alarms of prod start with "ClevertapToHeapProd-", and GitHub's environment for its diff is prod-diff.
test.each(['prod-eu', 'prod-diff', 'prod_eu', '2prod', 'Prod', 'prod eu'])(
  '%s is not a valid environment name',
  (name) => {
    write(`${name}.ts`, exporting('settings'));

    expect(() => readEnvironment(name, directory)).toThrow(
      `config/${name}.ts: environment names must be letters and digits, starting with a lower-case letter`,
    );
  },
);

test.each([
  ['', 'config/prod.ts: must be the settings of an environment; got nothing'],
  [
    `${exporting('prod')}export const keys = ['k1'];\n`,
    'config/prod.ts: must export one value, the settings; got keys, prod; remove the other exports',
  ],
  [
    'export const prod = { heap: 1 };',
    'config/prod.ts: heap: must say where Heap receives events, e.g. { region: "us" }; got 1',
  ],
])('a file that holds %j is refused', (text, message) => {
  write('prod.ts', text);

  expect(() => readEnvironment('prod', directory)).toThrow(message);
});
