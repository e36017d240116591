import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runbookCommands } from '../../permissions/needs';

const directory = join(__dirname, '../../../relay/doctor');
const commands = readdirSync(directory).flatMap((file) =>
  [...readFileSync(join(directory, file), 'utf8').matchAll(/\baws ([a-z0-9]+ [a-z-]+).*/g)].map(
    ([line, command = '']) => ({ file, command, line }),
  ),
);

test("an AWS CLI command beyond the stack's policies says that it needs administrator rights", () => {
  expect(commands.map(({ command }) => command).sort()).toEqual([
    'cloudformation update-termination-protection',
    'cloudwatch enable-alarm-actions',
    'lambda delete-function-concurrency',
    'lambda update-event-source-mapping',
    'secretsmanager restore-secret',
    'sns subscribe',
  ]);
  const allowed = Object.keys(runbookCommands);
  expect(
    commands.filter(
      ({ command, line }) => !allowed.includes(command) && !line.includes('needs administrator rights'),
    ),
  ).toEqual([]);
});
