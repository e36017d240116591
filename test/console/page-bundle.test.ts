import { execFileSync } from 'node:child_process';
import { buildConsolePage } from '../../console/page-bundle';
import { eventually } from '../support/eventually';

/** This process's own esbuild services, by process id. */
const services = (): string[] =>
  execFileSync('ps', ['-A', '-o', 'ppid=,pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${process.pid} `) && line.includes('esbuild --service'));

test('building the page leaves no process behind', async () => {
  const before = services();
  const { script, style } = await buildConsolePage();
  expect([script.length, style.length].every((length) => length > 1000)).toBe(true);
  await eventually(() => {
    expect(services()).toEqual(before);
    return Promise.resolve();
  });
});
