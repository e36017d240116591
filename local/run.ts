import { describeAccount, isBalanced } from './account/account-report';
import type { ReaderSettings } from './account/message-reader';
import type { MessageReader } from './account/reconciliation';
import type { BoundServer } from './http-server';
import { bindPorts } from './ports';
import type { LocalStack, LocalStackOptions } from './stack';
import { readyLine, removeStackFile, stackFilePath, writeStackFile, type StackFile } from './stack-file';
import { describeChaos, welcome } from './welcome';

/** The settings of the environment that a stack needs. */
export interface LocalEnvironment extends Pick<LocalStackOptions, 'stackName'> {
  /** The settings for the console and the final account. */
  readonly settings: ReaderSettings & { readonly environment: string };
}

export interface RunOptions {
  /** The webhook's port, see `bindPorts`. */
  readonly port: number;
  /** Synthesizes a CDK app and returns its folder. The signal aborts the synthesis. */
  readonly assembly: (signal: AbortSignal) => Promise<string>;
  /** Runs while another process synthesizes. */
  readonly environment: () => Promise<LocalEnvironment>;
  /** Whether standard output is reserved for one line of JSON. */
  readonly json?: boolean;
  /** Whether to print all details when the stack is ready. */
  readonly verbose?: boolean;
  /** Formats a line of the function's log for printing. `instance` wrote the line. */
  readonly describeLog?: (line: string, instance: string) => readonly string[];
  /** The origin of a real Heap. @default - a fake Heap */
  readonly heap?: string;
  /** The Heap app id. The fake Heap accepts any digits. */
  readonly appId?: string;
  /** The seed of the injected faults. @default - no faults */
  readonly chaos?: string;
  /** Opens the console for the stack. */
  readonly openConsole: (observed: ObservedStack) => Promise<OpenConsole>;
}

/** A running stack and its account. */
export interface ObservedStack {
  /** The port for the console. */
  readonly port: BoundServer;
  readonly settings: LocalEnvironment['settings'];
  readonly stack: LocalStack;
  readonly reconciliation: ReturnType<LocalStack['reconciliation']>;
  readonly reader: MessageReader;
  readonly onNotice: (notice: string) => void;
}

export interface OpenConsole {
  /** No trailing slash. */
  readonly origin: string;
  /** Shows the final account and closes the console. */
  readonly end: (account: string) => Promise<void>;
}

/** The fake Heap accepts any digits. */
const localAppId = '1234567890';

/** Stops everything and returns the exit code. */
type End = () => Promise<number>;

/** Runs a stack until Ctrl-C, then prints the account of every event. Rejects if the stack cannot be started. */
export async function run(options: RunOptions): Promise<void> {
  const interruption = new AbortController();
  const starting = start(options, interruption.signal);
  stopOnSignal(async () => {
    interruption.abort();
    const end = await starting.catch(() => undefined);
    return end === undefined ? 130 : end();
  });
  try {
    await starting;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
  }
}

/** @param signal aborts the start where possible */
async function start(options: RunOptions, signal: AbortSignal): Promise<End> {
  const print = options.json === true ? console.error : console.log;
  const { describeLog = withoutMetrics } = options;
  const ports = await bindPorts(options.port);
  const consolePort = await ports.bindNear(3);
  const failure = new AbortController();
  try {
    // Loads modules while another process synthesizes.
    const [assemblyDirectory, { stackName, settings }, { startLocalStack }, { messageReader }, { Chaos }] =
      await Promise.all([
        options.assembly(AbortSignal.any([signal, failure.signal])),
        options.environment(),
        import('./stack.js'),
        import('./account/message-reader.js'),
        import('./chaos.js'),
      ]);
    const chaos = options.chaos === undefined ? undefined : new Chaos({ seed: options.chaos, onPlay: print });
    const stack = await startLocalStack({
      assemblyDirectory,
      stackName,
      port: ports,
      heapBaseUrl: options.heap,
      appId: options.appId ?? localAppId,
      onFunctionLog: (line, instance) => {
        for (const described of describeLog(line, instance)) print(described);
      },
      onNotice: print,
      chaos,
    });
    const reader = messageReader(settings);
    const reconciliation = stack.reconciliation(reader);
    const page = await options
      .openConsole({ port: consolePort, settings, stack, reconciliation, reader, onNotice: print })
      .catch(async (error: unknown) => {
        print(`There is no console: ${explain(error)}`);
        await consolePort.close();
        return undefined;
      });
    const reachable = { ...stack, consoleUrl: page?.origin };
    announce(reachable, print);
    console.log(
      options.json === true
        ? readyLine(reachable)
        : welcome(reachable, {
            isRealHeap: options.heap !== undefined,
            chaosSeed: options.chaos,
            verbose: options.verbose === true,
          }),
    );
    return async () => {
      print('\nStopping. Waiting up to 12 seconds for a running delivery.\nPress Ctrl-C again to exit now.');
      await stack.stop();
      const account = await reconciliation.account();
      print(`\n${describeAccount(account)}`);
      await page?.end(describeAccount(account));
      if (chaos !== undefined) print(`\n${describeChaos(chaos, stack.skippedMs())}`);
      return isBalanced(account) ? 0 : 1;
    };
  } catch (error) {
    failure.abort();
    await Promise.all([ports.close(), consolePort.close()]);
    throw error;
  }
}

/** Metrics are for CloudWatch. The line "batch forwarded" shows the same counts in readable form. */
const withoutMetrics = (line: string): string[] => (line.startsWith('{"_aws"') ? [] : [line]);

/** Lets `npm run relay -- … --env local` find the stack while this process runs. */
function announce(stack: Omit<StackFile, 'pid'>, print: (line: string) => void): void {
  const path = stackFilePath();
  try {
    writeStackFile(path, { pid: process.pid, ...stack });
  } catch (error) {
    print(`npm run relay will not find this stack: ${explain(error)}`);
    return;
  }
  process.on('exit', () => {
    removeStackFile(path, process.pid);
  });
}

/** On Ctrl-C, the signal arrives twice: from the terminal and from npm. A second one within this time is the echo. */
const echoMs = 200;

/** @param end stops everything and returns the exit code */
function stopOnSignal(end: End): void {
  let stoppingSince: number | undefined;
  const stop = (): void => {
    if (stoppingSince !== undefined) {
      // A second Ctrl-C exits without waiting for a running delivery.
      if (performance.now() - stoppingSince > echoMs) process.exit(130);
      return;
    }
    stoppingSince = performance.now();
    end().then(
      (code) => process.exit(code),
      (error: unknown) => {
        console.error(explain(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** The error message of a failed start or stop. */
export const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error));
