import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import {
  FunctionError,
  FunctionProcess,
  type FunctionProcessOptions,
} from '../../../local/lambda/function-process';
import { SkippingClock } from '../../../local/skipping-clock';

/** One function for all tests, so that they share one process. It does what its event says. */
const SOURCE = `
  let invocations = 0;
  let running = 0;
  exports.handler = async (event, context) => {
    invocations += 1;
    running += 1;
    if (running > 1) throw new Error('two invocations at once');
    try {
      return await does[event.do](event, context);
    } finally {
      running -= 1;
    }
  };
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const does = {
    echo: (event) => event,
    nothing: () => undefined,
    count: () => ({ invocations, pid: process.pid }),
    environment: () => process.env,
    process: () => ({ cwd: process.cwd(), execArgv: process.execArgv }),
    context: (_, { getRemainingTimeInMillis, ...rest }) => ({ ...rest, remaining: getRemainingTimeInMillis() }),
    remaining: async (event, context) => {
      const before = context.getRemainingTimeInMillis();
      await wait(event.ms);
      return before - context.getRemainingTimeInMillis();
    },
    slow: (event) => wait(event.ms),
    throw: () => { throw new TypeError('no such thing'); },
    throwText: () => { throw 'just text'; },
    circular: () => { const a = {}; a.a = a; return a; },
    exit: (event) => process.exit(event.code),
    hang: () => {
      console.log('hanging');
      return new Promise(() => setInterval(() => undefined, 1000));
    },
    spin: () => { for (;;); },
    interrupt: () => { process.kill(process.pid, 'SIGINT'); return wait(20).then(() => 'alive'); },
    log: (event) => {
      process.stdout.write(event.out);
      process.stderr.write(event.err);
    },
    disconnect: () => {
      process.removeAllListeners('disconnect');
      setImmediate(() => process.disconnect());
      setTimeout(() => console.log('disconnected'), 50);
      setInterval(() => undefined, 1000);
    },
    time: async (event, context) => {
      const before = { now: Date.now(), remaining: context.getRemainingTimeInMillis() };
      await wait(event.ms);
      const after = { now: Date.now(), remaining: context.getRemainingTimeInMillis() };
      return { started: before.now, took: after.now - before.now, used: before.remaining - after.remaining };
    },
    crashLater: () => { setImmediate(() => { throw new Error('later'); }); },
  };
`;

describe('FunctionProcess', () => {
  const directories: string[] = [];
  const functions: FunctionProcess[] = [];
  const lines: string[] = [];

  beforeEach(() => {
    lines.length = 0;
  });

  afterEach(async () => {
    await Promise.all(functions.splice(0).map((each) => each.stop()));
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  function assetOf(source: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'function-process-'));
    writeFileSync(join(directory, 'index.js'), source);
    directories.push(directory);
    return directory;
  }

  function functionOf(source: string, options: Partial<FunctionProcessOptions> = {}): FunctionProcess {
    const created = new FunctionProcess({
      assetDirectory: assetOf(source),
      handler: 'index.handler',
      environment: {},
      timeoutMs: 30_000,
      onLog: (line) => lines.push(line),
      ...options,
    });
    functions.push(created);
    return created;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function failureOf(invocation: Promise<unknown>): Promise<FunctionError> {
    const error: unknown = await invocation.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FunctionError);
    return error as FunctionError;
  }

  it('passes the event to the handler and returns its result', async () => {
    const event = { do: 'echo', Records: [{ body: 'é\u2028"\u0000', n: 1.5, none: null }] };
    expect(await functionOf(SOURCE).invoke(event)).toEqual(event);
  });

  it('returns null for undefined, as Lambda does', async () => {
    expect(await functionOf(SOURCE).invoke({ do: 'nothing' })).toBeNull();
  });

  it('starts with the first invocation and stays warm', async () => {
    const warm = functionOf(SOURCE);
    expect(warm.pid).toBeUndefined();

    const first = await warm.invoke({ do: 'count' });
    expect(first).toEqual({ invocations: 1, pid: warm.pid });
    expect(await warm.invoke({ do: 'count' })).toEqual({ invocations: 2, pid: warm.pid });
    expect(warm.pid).not.toBe(process.pid);
  });

  it('can be started before the first invocation', async () => {
    const warm = functionOf(SOURCE);
    await warm.start();
    const { pid } = warm;

    expect(pid).toBeDefined();
    expect(await warm.invoke({ do: 'count' })).toEqual({ invocations: 1, pid });
  });

  it('runs one invocation at a time, in order', async () => {
    const busy = functionOf(SOURCE);
    const done: string[] = [];
    await Promise.all([
      busy.invoke({ do: 'slow', ms: 30 }).then(() => done.push('slow')),
      busy.invoke({ do: 'count' }).then(() => done.push('quick')),
      busy.invoke({ do: 'throw' }).catch(() => done.push('failed')),
      busy.invoke({ do: 'count' }).then(() => done.push('last')),
    ]);
    expect(done).toEqual(['slow', 'quick', 'failed', 'last']);
  });

  it('tells the function its name and its remaining time', async () => {
    const asked = functionOf(SOURCE, {
      timeoutMs: 120_000,
      memoryMb: 256,
      environment: { AWS_LAMBDA_FUNCTION_NAME: 'forwarder', AWS_REGION: 'eu-west-1' },
    });
    const first = (await asked.invoke({ do: 'context' })) as Record<string, unknown>;
    const second = (await asked.invoke({ do: 'context' })) as Record<string, unknown>;

    expect(first).toMatchObject({
      functionName: 'forwarder',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:forwarder',
      memoryLimitInMB: '256',
      logGroupName: '/aws/lambda/forwarder',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(second['awsRequestId']).not.toBe(first['awsRequestId']);
    expect(first['remaining']).toBeGreaterThan(0);
    expect(first['remaining']).toBeLessThanOrEqual(120_000);
  });

  it('counts the remaining time down', async () => {
    // By the countdown's clock, a timer may fire a millisecond early.
    expect(await functionOf(SOURCE).invoke({ do: 'remaining', ms: 50 })).toBeGreaterThanOrEqual(48);
  });

  it('does not pass on its own environment and flags', async () => {
    process.env['FUNCTION_PROCESS_TEST'] = 'leaked';
    const asked = functionOf(SOURCE, { environment: { APP: 'x', AWS_ACCESS_KEY_ID: 'given' } });
    const environment = (await asked.invoke({ do: 'environment' })) as Record<string, string>;
    delete process.env['FUNCTION_PROCESS_TEST'];

    expect(environment).toMatchObject({
      APP: 'x',
      AWS_ACCESS_KEY_ID: 'given',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'local',
      TZ: 'UTC',
    });
    for (const name of ['FUNCTION_PROCESS_TEST', 'HOME', 'PATH', 'NODE_OPTIONS', 'JEST_WORKER_ID'])
      expect(environment).not.toHaveProperty(name);
    expect(await asked.invoke({ do: 'process' })).toEqual({
      cwd: environment['LAMBDA_TASK_ROOT'],
      execArgv: ['--enable-source-maps'],
    });
  });

  it('shows source lines in a stack trace if the bundle has a source map', async () => {
    const { code, map } = transformSync(
      `interface Unseen {\n  readonly a: string;\n}\nexports.handler = (event: Unseen): never => {\n  throw new Error(event.a);\n};`,
      { loader: 'ts', sourcemap: 'external', sourcefile: 'handler.ts', minify: true },
    );
    const mapped = functionOf(`${code}//# sourceMappingURL=data:application/json;base64,${btoa(map)}`);

    expect((await failureOf(mapped.invoke({ a: 'thrown' }))).trace).toMatch(/handler\.ts:5:9/);
  });

  it('rejects with what the handler threw and keeps the process', async () => {
    const throwing = functionOf(SOURCE);
    await throwing.start();
    const { pid } = throwing;

    const error = await failureOf(throwing.invoke({ do: 'throw' }));
    expect([error.name, error.message]).toEqual(['TypeError', 'no such thing']);
    expect(error.trace).toContain('index.js');
    expect((await failureOf(throwing.invoke({ do: 'throwText' }))).message).toBe('just text');
    expect(throwing.pid).toBe(pid);
    expect(await throwing.invoke({ do: 'count' })).toEqual({ invocations: 3, pid });
  });

  it('rejects if the result is not valid JSON and keeps the process', async () => {
    const circular = functionOf(SOURCE);
    expect((await failureOf(circular.invoke({ do: 'circular' }))).message).toContain('circular');
    expect(await circular.invoke({ do: 'count' })).toMatchObject({ invocations: 2 });
  });

  it('rejects an event that is not valid JSON and stays usable', async () => {
    const event: Record<string, unknown> = { do: 'echo' };
    event['event'] = event;
    const asked = functionOf(SOURCE);

    await expect(asked.invoke(event)).rejects.toThrow('circular');
    expect(await asked.invoke({ do: 'count' })).toMatchObject({ invocations: 1 });
  });

  it('rejects if the function exits, and starts a new process', async () => {
    const exiting = functionOf(SOURCE);
    const error = await failureOf(exiting.invoke({ do: 'exit', code: 3 }));

    expect([error.name, error.message]).toEqual([
      'Runtime.ExitError',
      'Runtime exited with error: exit status 3',
    ]);
    expect(exiting.pid).toBeUndefined();
    expect(await exiting.invoke({ do: 'count' })).toEqual({ invocations: 1, pid: exiting.pid });
  });

  it('rejects if the process is killed during an invocation, and starts a new one', async () => {
    const killed = functionOf(SOURCE);
    await killed.start();
    const pid = killed.pid!;
    const invocation = killed.invoke({ do: 'hang' });
    const next = killed.invoke({ do: 'count' });
    await until(() => lines.includes('hanging'));
    process.kill(pid, 'SIGKILL');

    expect((await failureOf(invocation)).message).toBe('Runtime exited with error: signal SIGKILL');
    expect(await next).toEqual({ invocations: 1, pid: killed.pid });
    expect(killed.pid).not.toBe(pid);
  });

  it('starts a new process if the old one died between two invocations', async () => {
    const crashing = functionOf(SOURCE);
    await crashing.invoke({ do: 'crashLater' });
    await until(() => crashing.pid === undefined);

    expect(lines.join('\n')).toContain('Error: later');
    expect(await crashing.invoke({ do: 'count' })).toMatchObject({ invocations: 1 });
  });

  it('starts a new process if the old one can no longer be reached', async () => {
    const lost = functionOf(SOURCE);
    await lost.invoke({ do: 'disconnect' });
    await until(() => lines.includes('disconnected'));

    expect(await lost.invoke({ do: 'count' })).toMatchObject({ invocations: 1 });
  });

  it.each(['hang', 'spin'])(
    'kills a function that %ss at its timeout, and starts a new process',
    async (what) => {
      const late = functionOf(SOURCE, { timeoutMs: 250 });
      await late.start();
      const { pid } = late;
      const error = await failureOf(late.invoke({ do: what }));

      expect([error.name, error.message]).toEqual(['Sandbox.Timedout', 'Task timed out after 0.25 seconds']);
      expect(() => process.kill(pid!, 0)).toThrow('ESRCH');
      await late.start();
      expect(late.pid).not.toBe(pid);
    },
  );

  it('does not count loading against the timeout of the invocation', async () => {
    const source = `const end = Date.now() + 1100; while (Date.now() < end); ${SOURCE}`;
    expect(await functionOf(source, { timeoutMs: 1000 }).invoke({ do: 'count' })).toMatchObject({
      invocations: 1,
    });
  });

  it('kills a function that does not finish loading', async () => {
    const stuck = functionOf('for (;;);', { initTimeoutMs: 200 });
    expect((await failureOf(stuck.invoke({}))).message).toBe('Task timed out after 0.20 seconds');
    expect(stuck.pid).toBeUndefined();
  });

  it('rejects with the error of a module that throws on load, and the next invocation starts a new process', async () => {
    const directory = assetOf('throw new RangeError("bad config");');
    const broken = functionOf(SOURCE, { assetDirectory: directory });
    const error = await failureOf(broken.invoke({ do: 'count' }));
    expect([error.name, error.message]).toEqual(['RangeError', 'bad config']);
    expect(broken.pid).toBeUndefined();

    writeFileSync(join(directory, 'index.js'), SOURCE);
    expect(await broken.invoke({ do: 'count' })).toMatchObject({ invocations: 1 });
  });

  it('names the missing handler', async () => {
    const error = await failureOf(functionOf(SOURCE, { handler: 'index.main' }).start());
    expect([error.name, error.message]).toEqual([
      'Runtime.HandlerNotFound',
      'index.main is undefined or not exported',
    ]);
  });

  it('rejects if the directory does not exist', async () => {
    const lost = functionOf(SOURCE, { assetDirectory: join(tmpdir(), 'function-process-none') });
    await failureOf(lost.invoke({ do: 'count' }));
    await failureOf(lost.invoke({ do: 'count' }));
  });

  it('logs stdout and stderr line by line before it returns the result', async () => {
    await functionOf(SOURCE).invoke({ do: 'log', out: 'one\n{"a":"\u2028é"}\n\nlast', err: 'warned\n' });
    expect(lines).toEqual(expect.arrayContaining(['one', '{"a":"\u2028é"}', '', 'warned']));
    expect(lines).not.toContain('last');
    await Promise.all(functions.map((each) => each.stop()));
    expect(lines).toContain('last');
  });

  it('logs before it returns the result, in every invocation', async () => {
    const logging = functionOf(SOURCE);
    for (let line = 1; line <= 300; line += 1) {
      await logging.invoke({ do: 'log', out: `${line}\n`, err: '' });
      expect(lines).toHaveLength(line);
    }
  });

  it('joins the parts of a long line', async () => {
    const long = 'é'.repeat(300_000);
    const logging = functionOf(SOURCE);
    await logging.invoke({ do: 'log', out: `${long}\n`, err: '' });
    await logging.stop();
    expect(lines).toEqual([long]);
  });

  it('survives the Ctrl-C meant for its parent', async () => {
    expect(await functionOf(SOURCE).invoke({ do: 'interrupt' })).toBe('alive');
  });

  it('exits when its parent is gone', async () => {
    const child = fork(join(__dirname, '../../../local/lambda/function-process-child.cjs'), {
      env: {
        LAMBDA_TASK_ROOT: assetOf(`setInterval(() => undefined, 1000); ${SOURCE}`),
        _HANDLER: 'index.handler',
      },
      execArgv: [],
    });
    await once(child, 'message');
    const exit = once(child, 'exit');
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });

  it('leaves no process behind after a stop', async () => {
    const stopped = functionOf(SOURCE);
    await stopped.start();
    const pid = stopped.pid!;
    const running = failureOf(stopped.invoke({ do: 'hang' }));
    const waiting = failureOf(stopped.invoke({ do: 'count' }));
    await until(() => lines.includes('hanging'));
    await stopped.stop();

    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect((await running).message).toBe('Runtime exited with error: signal SIGKILL');
    expect((await waiting).message).toBe('the function process was stopped');
    expect((await failureOf(stopped.invoke({ do: 'count' }))).message).toBe(
      'the function process was stopped',
    );
    expect(stopped.pid).toBeUndefined();
  });

  it('can be stopped while loading, before starting, and twice', async () => {
    const loading = functionOf('for (;;);');
    const started = failureOf(loading.start());
    await until(() => loading.pid !== undefined);
    const { pid = NaN } = loading;
    await loading.stop();
    await started;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');

    const idle = functionOf(SOURCE);
    await idle.stop();
    await idle.stop();
    expect(idle.pid).toBeUndefined();
  });

  describe('with a clock that skips', () => {
    it('uses the time of the clock', async () => {
      const clock = new SkippingClock();
      const ahead = functionOf(SOURCE, { clock });
      for (const hours of [0, 5, 7]) {
        clock.skip(hours * 3_600_000);
        const before = clock.now();
        const { started, used } = (await ahead.invoke({ do: 'time', ms: 0 })) as Record<string, number>;
        expect(started).toBeGreaterThanOrEqual(before);
        expect(started).toBeLessThanOrEqual(clock.now());
        // Not the hours that were skipped before it started.
        expect(used).toBeLessThan(3_600_000);
      }
      expect(clock.skippedMs).toBe(12 * 3_600_000);
    });

    it('skips only long waits, and advances the shared clock', async () => {
      const clock = new SkippingClock();
      const patient = functionOf(SOURCE, { clock, timeoutMs: 1_000_000 });
      const { took, used } = (await patient.invoke({ do: 'time', ms: 600_000 })) as Record<string, number>;
      // Takes less than jest's timeout, which is a tenth of the wait.
      for (const ms of [took, used]) expect(ms).toBeGreaterThanOrEqual(600_000);
      expect(clock.skippedMs).toBeGreaterThan(599_000);
      expect(clock.skippedMs).toBeLessThanOrEqual(600_000);

      const skippedMs = clock.skippedMs;
      expect(await patient.invoke({ do: 'time', ms: 30 })).toMatchObject({
        started: expect.any(Number) as number,
      });
      expect(clock.skippedMs).toBe(skippedMs);
    });
  });

  it('can be killed during an invocation, and the next one starts a new process', async () => {
    const fragile = functionOf(SOURCE);
    const hanging = failureOf(fragile.invoke({ do: 'hang' }));
    await until(() => lines.includes('hanging'));
    const { pid } = fragile;
    fragile.kill();
    expect(await hanging).toMatchObject({
      name: 'Runtime.ExitError',
      message: expect.stringContaining('SIGKILL') as string,
    });
    expect(await fragile.invoke({ do: 'count' })).toMatchObject({ invocations: 1 });
    expect(fragile.pid).not.toBe(pid);
  });
});
