import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { environmentNames, isDeployed } from '../../lib/config/environments';

const run = (...names: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['--import', 'tsx', 'tools/environments.ts', ...names], {
    cwd: join(__dirname, '../..'),
    encoding: 'utf8',
    env: process.env,
  });

const deployed = environmentNames().filter(isDeployed);

// The deploy workflow creates its jobs from this output.
test.each([
  [[''], deployed],
  [['prod'], ['prod']],
])('%j prints %j', (names, environments) => {
  const { status, stdout } = run(...names);
  expect([status, stdout]).toEqual([0, `${JSON.stringify(environments)}\n`]);
});

test.each(['local', '$(id)'])('%s is not an environment to deploy', (name) => {
  const { status, stdout, stderr } = run(name);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toBe(`unknown environment "${name}"; known: ${deployed.join(', ')}\n`);
});
