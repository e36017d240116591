import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SkippingClock } from '../skipping-clock';

/** Lambda's own limit for loading the function before its first invocation. */
const INIT_TIMEOUT_MS = 10_000;

export interface FunctionProcessOptions {
  /** Directory of the bundled asset; becomes the working directory, as `/var/task` in Lambda. */
  readonly assetDirectory: string;
  /** `index.handler`: the export `handler` of `index.js`. */
  readonly handler: string;
  /**
   * Environment of the function. It also says what Lambda would set: `AWS_LAMBDA_FUNCTION_NAME` and `AWS_REGION`
   * (default `local`, `us-east-1`). Nothing is inherited from this process.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** An invocation that takes longer is ended with SIGKILL. */
  readonly timeoutMs: number;
  /** Told to the function in MB, not enforced. */
  readonly memoryMb?: number;
  /** Called with each line the function writes to stdout or stderr. */
  readonly onLog: (line: string) => void;
  /** Limit for loading the module, which does not count against `timeoutMs`. */
  readonly initTimeoutMs?: number;
  /**
   * What time it is inside the function. Its waits of 15 seconds and more are then skipped, and the clock is ahead by
   * what was skipped.
   *
   * @default - the machine's clock, and every wait takes its time
   */
  readonly clock?: SkippingClock;
}

/**
 * Why an invocation has no result. `name` is the name of the error the function threw, or Lambda's own type:
 * `Runtime.ExitError` when the process ended, `Sandbox.Timedout` when it was ended at a time limit.
 */
export class FunctionError extends Error {
  /** The stack inside the function, where there is one. */
  readonly trace: string | undefined;

  constructor(name: string, message: string, trace?: string) {
    super(message);
    this.name = name;
    this.trace = trace;
  }
}

/**
 * A bundled Lambda function in a process of its own: loaded at the first invocation, kept warm, replaced after it
 * ended or ran out of time, one invocation at a time (more of them wait).
 */
export class FunctionProcess {
  readonly #options: FunctionProcessOptions;
  #child: ChildProcess | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: FunctionProcessOptions) {
    this.#options = options;
  }

  /** The running process; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Loads the function ahead of its first invocation.
   *
   * @throws FunctionError when the module throws on load or does not export the handler.
   */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#warm());
  }

  /**
   * @param event sent as JSON.
   * @returns what the handler returned, as JSON gives it back: `null` for `undefined`.
   * @throws FunctionError; the next invocation starts fresh unless the handler merely threw.
   */
  invoke(event: unknown): Promise<unknown> {
    return this.#inTurn(async () => {
      const child = await this.#warm();
      const { timeoutMs, clock } = this.#options;
      const now = clock?.now() ?? Date.now();
      child.send({
        event,
        requestId: randomUUID(),
        deadline: now + timeoutMs,
        skippedMs: clock?.skippedMs ?? 0,
      });
      return nextAnswer(child, timeoutMs);
    });
  }

  /** Ends the process at once, as Lambda may do with a machine that fails; the next invocation starts a new one. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Ends the process at once, a running invocation with it, and resolves when it is gone. Invocations reject. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.kill();
    await this.#lastTurn;
    await this.#end();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(task);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #warm(): Promise<ChildProcess> {
    if (this.#child?.connected === true) return this.#child;
    await this.#end();
    if (this.#stopped) throw new FunctionError('Runtime.ExitError', 'the function process was stopped');
    const child = this.#fork();
    try {
      await nextAnswer(child, this.#options.initTimeoutMs ?? INIT_TIMEOUT_MS);
    } catch (error) {
      await this.#end();
      throw error;
    }
    return child;
  }

  #fork(): ChildProcess {
    const { assetDirectory, onLog, clock } = this.#options;
    const child = fork(join(__dirname, 'function-process-child.cjs'), clock ? ['skip-waits'] : [], {
      cwd: assetDirectory,
      env: this.#environment(),
      // Not the parent's own flags, which would load a TypeScript loader. Stacks name the lines of the source.
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    if (clock !== undefined)
      child.on('message', (message) => {
        clock.skip(skippedIn(message));
      });
    for (const output of [child.stdout, child.stderr]) if (output !== null) readLines(output, onLog);
    return child;
  }

  #environment(): NodeJS.ProcessEnv {
    const { assetDirectory, environment, handler, memoryMb } = this.#options;
    const region = environment['AWS_REGION'] ?? 'us-east-1';
    const name = environment['AWS_LAMBDA_FUNCTION_NAME'] ?? 'local';
    return {
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb ?? 128),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      // The SDK finds the files of the account's owner even without HOME.
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      TZ: 'UTC',
      ...environment,
      LAMBDA_TASK_ROOT: assetDirectory,
      _HANDLER: handler,
    };
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
}

/** The result the process sends next, or its end. A process that is still silent after `limitMs` is ended. */
function nextAnswer(child: ChildProcess, limitMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, limitMs);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('close', onClose);
      child.off('error', onError);
      act();
    };
    const onMessage = (message: unknown) => {
      // The process is already being ended: its answer came too late, as its caller must learn.
      if (timedOut || skippedIn(message) > 0) return;
      settle(() => {
        // What the function wrote before it answered is waiting in the pipes: log it before the caller goes on.
        setImmediate(() => {
          const failed = failureIn(message);
          if (failed === undefined) resolve(resultIn(message));
          else reject(failed);
        });
      });
    };
    const onClose = (code: number | null, signal: NodeJS.Signals | null) => {
      settle(() => {
        reject(timedOut ? timeoutError(limitMs) : exitError(code, signal));
      });
    };
    const onError = (error: Error) => {
      settle(() => {
        reject(new FunctionError('Runtime.ExitError', error.message));
      });
    };
    child.on('message', onMessage);
    child.on('close', onClose);
    child.on('error', onError);
  });
}

function timeoutError(limitMs: number): FunctionError {
  return new FunctionError('Sandbox.Timedout', `Task timed out after ${(limitMs / 1000).toFixed(2)} seconds`);
}

function exitError(code: number | null, signal: NodeJS.Signals | null): FunctionError {
  const how = signal === null ? `exit status ${String(code)}` : `signal ${signal}`;
  return new FunctionError('Runtime.ExitError', `Runtime exited with error: ${how}`);
}

function failureIn(message: unknown): FunctionError | undefined {
  if (!isRecord(message) || message['type'] !== 'error') return undefined;
  const { name, message: text, trace } = message;
  return new FunctionError(String(name), String(text), typeof trace === 'string' ? trace : undefined);
}

/** Milliseconds that the function skipped instead of waiting, where the message is about that. */
function skippedIn(message: unknown): number {
  return isRecord(message) && message['type'] === 'skipped' ? Number(message['ms']) : 0;
}

function resultIn(message: unknown): unknown {
  const result = isRecord(message) ? message['result'] : undefined;
  return typeof result === 'string' ? JSON.parse(result) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Not `node:readline`, which also ends a line at U+2028: a character that a line of JSON may hold. */
function readLines(output: Readable, onLine: (line: string) => void): void {
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  output.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
