import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { build, type Metafile } from 'esbuild';
import { createProgram } from '../../relay/program';

const page = readFileSync(join(__dirname, '../../docs/operate.md'), 'utf8');

/** Every command that does something, with the words that call it. */
const commandsOf = (parent: Command, words = ''): [string, Command][] =>
  parent.commands.flatMap((command): [string, Command][] => {
    const name = `${words}${command.name()}`;
    return command.commands.length === 0 ? [[name, command]] : commandsOf(command, `${name} `);
  });

const commands = commandsOf(createProgram());

test.each(commands)('docs/operate.md has %s with every option', (name, command) => {
  const [, section = ''] = new RegExp(`^## ${name}\n([^]*?)(?=^## |(?![^]))`, 'm').exec(page) ?? [];

  expect(section).not.toBe('');
  for (const { long } of command.options) {
    if (!['--env', '--stack', '--construct', '--json'].includes(String(long)))
      expect(`${name}: ${section}`).toContain(long);
  }
});

test('docs/operate.md has no command that does not exist', () => {
  const called = [...page.matchAll(/relay -- ((?:dlq |token )?[a-z]+)/g)].map(([, name]) => name);

  expect(called.length).toBeGreaterThan(10);
  for (const name of new Set(called)) expect(commands.map(([known]) => known)).toContain(name);
});

test.each(commands)('%s works on any environment and has --json', (_, command) => {
  expect(command.options.map(({ long }) => long)).toEqual(expect.arrayContaining(['--env', '--json']));
});

test.each(commands)('the help of %s shows time spans as a user types them', (_, command) => {
  for (const option of command.options.filter(({ flags }) => flags.includes('<time>'))) {
    if (option.defaultValue === undefined) continue;
    expect(command.helpInformation()).toContain(`(default: ${option.defaultValueDescription})`);
    expect(option.parseArg?.<unknown>(option.defaultValueDescription ?? '', undefined)).toBe(
      option.defaultValue,
    );
  }
});

test.each(commands)(
  'the help of %s fits a terminal of 80 columns and ends with the exit codes',
  (_, command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();

    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(help).toMatch(/\nExit codes:\n {2}0 {4}\S[^]*\n {2}\d+ +\S.*\n$/);
  },
);

describe('what is loaded', () => {
  const root = join(__dirname, '../..');
  let inputs: Metafile['inputs'];
  beforeAll(async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['bin/relay.ts'],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      splitting: true,
      outdir: 'out',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    ({ inputs } = metafile);
  });

  /** The packages that a file imports, directly or indirectly. */
  function packagesOf(entry: string, kinds: readonly string[]): string[] {
    const [packages, seen] = [new Set<string>(), new Set([entry])];
    for (const file of seen) {
      for (const { path, kind, external } of inputs[file]?.imports ?? []) {
        if (!kinds.includes(kind)) continue;
        if (external !== true) seen.add(path);
        else if (!path.startsWith('node:')) packages.add(path);
      }
    }
    return [...packages].sort();
  }

  test('for the help is only commander', () => {
    expect(packagesOf('bin/relay.ts', ['import-statement'])).toEqual(['commander']);
  });

  test('never includes CDK', () => {
    const packages = packagesOf('bin/relay.ts', ['import-statement', 'dynamic-import']);

    expect(packages).toEqual(expect.arrayContaining(['zod', 'liquidjs', '@aws-sdk/client-sqs']));
    // CDK's table of regions is data, and loads quickly.
    expect(packages.filter((name) => /cdk(?!-lib\/region-info)|constructs/.test(name))).toEqual([]);
  });
});
