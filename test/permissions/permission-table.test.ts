import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdkCommandsOf } from '../support/iam/sdk-commands';
import { functionCommands, operatorCommands, runbookCommands } from './needs';
import { deployed, failing, table } from './table';

it('F73 allows what is needed, and denies everything else', () => {
  expect(table.filter(({ expected }) => expected === 'allowed').length).toBeGreaterThan(100);
  expect(table.filter(({ expected }) => expected === 'denied').length).toBeGreaterThan(800);
  expect(failing(deployed)).toEqual([]);
});

describe('every command is listed', () => {
  const commandsOf = (...entries: string[]) => sdkCommandsOf(entries).map(({ command }) => command);

  it('if the function sends it', () => {
    expect(commandsOf('lambda/handler.ts')).toEqual(Object.keys(functionCommands).sort());
  });

  it('if the operator sends it', () => {
    const sent = commandsOf('bin/relay.ts');
    expect(sent.filter((command) => !(command in operatorCommands))).toEqual([]);
    expect(unused(operatorCommands, sent)).toEqual([]);
  });

  it('if the runbook contains it', () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const typed = [...runbook.matchAll(/^\s*aws ([a-z0-9]+ [a-z-]+)/gm)].map(([, command = '']) => command);
    expect(typed.filter((command) => !(command in runbookCommands))).toEqual([]);
    expect(unused(runbookCommands, typed)).toEqual([]);
  });

  /** A line for a removed command would keep its permission alive. */
  const unused = (lines: object, used: readonly string[]): string[] =>
    Object.keys(lines).filter((command) => !used.includes(command));
});
