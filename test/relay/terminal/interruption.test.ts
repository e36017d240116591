import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { RateLimit } from '../../../relay/terminal/interruption';

/** A process that prints `started`, works until it is asked to stop, and half a second later prints its result. */
const program = `
  const { interruptible, pause } = require('./relay/terminal/interruption.ts');
  const { setTimeout: sleep } = require('node:timers/promises');
  (async () => {
    await interruptible(async (signal) => {
      console.log('started');
      await pause(60_000, signal);
      console.log('stopped');
    });
    await sleep(700);
    console.log('result');
  })();
`;

async function interruptedTwice(): Promise<{ code: unknown; signal: unknown; stdout: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
    cwd: join(__dirname, '../../..'),
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    // First from the terminal, later from npm.
    if (/started|stopped/.test(text)) child.kill('SIGINT');
  });
  const [code, signal] = (await once(child, 'close')) as [unknown, unknown];
  return { code, signal, stdout };
}

test("Ctrl-C stops the work, and npm's copy of it does not cut the output short", async () => {
  expect(await interruptedTwice()).toEqual({
    code: 130,
    signal: null,
    stdout: 'started\nstopped\nresult\n',
  });
});

test('callers get their turn one by one, in order and without a burst', async () => {
  let now = 1000;
  const waits: number[] = [];
  const clock = {
    now: () => now,
    pause: (ms: number): Promise<void> => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const rateLimit = new RateLimit(50, clock);

  for (let turn = 0; turn < 4; turn += 1) await rateLimit.turn();
  expect(waits).toEqual([20, 40, 60]);

  now += 10_000;
  for (let turn = 0; turn < 2; turn += 1) await rateLimit.turn();
  expect(waits.slice(3)).toEqual([20]);
});
