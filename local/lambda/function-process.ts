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
  /** The directory of the bundled asset. It becomes the working directory, like `/var/task` in Lambda. */
  readonly assetDirectory: string;
  /** `index.handler` is the export `handler` of `index.js`. */
  readonly handler: string;
  /**
   * The function's environment. It may also set `AWS_LAMBDA_FUNCTION_NAME` and `AWS_REGION` (default `local` and
   * `us-east-1`). Nothing is inherited from this process.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** An invocation that takes longer is killed with SIGKILL. */
  readonly timeoutMs: number;
  /** Reported to the function in MB, not enforced. */
  readonly memoryMb?: number;
  /** Called with each line the function writes to stdout or stderr. */
  readonly onLog: (line: string) => void;
  /** Limit for loading the module, which does not count against `timeoutMs`. */
  readonly initTimeoutMs?: number;
  /**
   * The clock inside the function. Waits of 15 seconds or more are skipped, and the clock advances by the skipped
   * time.
   *
   * @default - the machine's clock, without skipping
   */
  readonly clock?: SkippingClock;
}

/**
 * Why an invocation has no result. `name` is the name of the error the function threw, or Lambda's own type:
 * `Runtime.ExitError` if the process exited, `Sandbox.Timedout` if it was killed at a time limit.
 */
export class FunctionError extends Error {
  /** The stack trace inside the function, if any. */
  readonly trace: string | undefined;

  constructor(name: string, message: string, trace?: string) {
    super(message);
    this.name = name;
    this.trace = trace;
  }
}

/**
 * A bundled Lambda function in its own process. It is loaded at the first invocation, kept warm, and replaced after
 * it exits or times out. Concurrent invocations are queued.
 */
export class FunctionProcess {
  readonly #options: FunctionProcessOptions;
  #child: ChildProcess | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: FunctionProcessOptions) {
    this.#options = options;
  }

  /** The id of the running process, if any. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Loads the function before its first invocation.
   *
   * @throws FunctionError if the module throws on load or does not export the handler.
   */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#warm());
  }

  /**
   * @param event sent as JSON.
   * @returns the handler's result after a JSON round trip, with `null` for `undefined`.
   * @throws FunctionError; unless the handler merely threw, the next invocation starts a new process.
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

  /** Kills the process, as a failing host in Lambda would. The next invocation starts a new one. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Kills the process along with any running invocation, and resolves when it has exited. Later invocations reject. */
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
      // Not the parent's flags, which would load a TypeScript loader. Stack traces refer to source lines.
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
      // Without HOME, the SDK would still find the current user's configuration files.
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

/** Resolves with the next result, and rejects if the process exits. Kills a process that is silent for `limitMs`. */
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
      // The process is already being killed: its answer came too late.
      if (timedOut || skippedIn(message) > 0) return;
      settle(() => {
        // Output written before the answer is still in the pipes; log it before the caller continues.
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

/** The milliseconds that the function skipped, if the message reports a skip. */
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

/** Unlike `node:readline`, does not split at U+2028, which may occur within a line of JSON. */
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
