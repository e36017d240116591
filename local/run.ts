import { describeAccount, isBalanced } from './account/account-report';
import type { ReaderSettings } from './account/message-reader';
import type { MessageReader } from './account/reconciliation';
import type { BoundServer } from './http-server';
import { bindPorts } from './ports';
import type { LocalStack, LocalStackOptions } from './stack';
import { readyLine, removeStackFile, stackFilePath, writeStackFile, type StackFile } from './stack-file';
import { describeChaos, welcome } from './welcome';

/** What a stack is told of its environment. */
export interface LocalEnvironment extends Pick<LocalStackOptions, 'stackName'> {
  /** What the account at the end needs, and the console. */
  readonly settings: ReaderSettings & { readonly environment: string };
}

export interface RunOptions {
  /** Port of the webhook, see `bindPorts`. */
  readonly port: number;
  /** The folder a CDK app is synthesized to, as soon as it is; the signal says that it is not wanted any more. */
  readonly assembly: (signal: AbortSignal) => Promise<string>;
  /** Read while another process synthesizes. */
  readonly environment: () => Promise<LocalEnvironment>;
  /** Whether standard output belongs to the one line a script reads. */
  readonly json?: boolean;
  /** Whether to say all there is to say when it is ready. */
  readonly verbose?: boolean;
  /** Turns lines of the function's log, and the instance that wrote each, into what is printed of them. */
  readonly describeLog?: (line: string, instance: string) => readonly string[];
  /** Origin of a real Heap; absent: a fake one. */
  readonly heap?: string;
  /** The Heap app id, which the fake Heap does not mind. */
  readonly appId?: string;
  /** The seed of the faults to play; absent: none. */
  readonly chaos?: string;
  /** Shows the stack to a person. */
  readonly openConsole: (observed: ObservedStack) => Promise<OpenConsole>;
}

/** A running stack, and the account of it that Ctrl-C gives. */
export interface ObservedStack {
  /** Where to show it. */
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
  /** Shows the account and ends it. */
  readonly end: (account: string) => Promise<void>;
}

/** Any digits do for the fake Heap. */
const localAppId = '1234567890';

/** Ends what was started, and gives the exit code. */
type End = () => Promise<number>;

/** Runs a stack until Ctrl-C, and then says what became of every event. Rejects when it cannot be started. */
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

/** @param signal ends the start, as far as that is worth while */
async function start(options: RunOptions, signal: AbortSignal): Promise<End> {
  const print = options.json === true ? console.error : console.log;
  const { describeLog = withoutMetrics } = options;
  const ports = await bindPorts(options.port);
  const consolePort = await ports.bindNear(3);
  const failure = new AbortController();
  try {
    // Loading takes as long as a part of the synthesis, which another process does.
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
      print('\nStopping. A running delivery is waited for, at most 12 seconds.\nCtrl-C again ends at once.');
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

/** Metrics are for CloudWatch; a person reads the same counts in the line "batch forwarded". */
const withoutMetrics = (line: string): string[] => (line.startsWith('{"_aws"') ? [] : [line]);

/** Lets `npm run relay -- … --env local` find the stack, for as long as this process runs. */
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

/** A terminal sends Ctrl-C to npm as well, which passes it on: so soon after the first it is the same one. */
const echoMs = 200;

/** @param end stops everything and gives the exit code */
function stopOnSignal(end: End): void {
  let stoppingSince: number | undefined;
  const stop = (): void => {
    if (stoppingSince !== undefined) {
      // The second Ctrl-C is for those who do not want to wait for a running delivery.
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

/** Why the stack could not be started or stopped, for a person. */
export const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error));
