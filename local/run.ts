import { describeAccount, isBalanced } from './account/account-report';
import { messageReader, type ReaderSettings } from './account/message-reader';
import type { MessageReader } from './account/reconciliation';
import { Chaos } from './chaos';
import { startLocalStack, type LocalStack, type LocalStackOptions } from './stack';
import { readyLine, removeStackFile, stackFilePath, writeStackFile, type StackFile } from './stack-file';
import { describeChaos, welcome } from './welcome';

export interface RunOptions extends Pick<LocalStackOptions, 'assemblyDirectory' | 'stackName' | 'port'> {
  /** Whether standard output belongs to the one line a script reads. */
  readonly json?: boolean;
  /** Turns lines of the function's log, and the instance that wrote each, into what is printed of them. */
  readonly describeLog?: (line: string, instance: string) => readonly string[];
  /** Origin of a real Heap; absent: a fake one. */
  readonly heap?: string;
  /** The Heap app id, which the fake Heap does not mind. */
  readonly appId?: string;
  /** The seed of the faults to play; absent: none. */
  readonly chaos?: string;
  /** What the account at the end needs of the environment. */
  readonly reader: ReaderSettings;
  /** Shows the stack to a person, from the ports next to it on. */
  readonly openConsole?: (observed: ObservedStack) => Promise<OpenConsole>;
}

/** A running stack, and the account of it that Ctrl-C gives. */
export interface ObservedStack {
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

/** Runs a stack until Ctrl-C, and then says what became of every event. Rejects when it cannot be started. */
export async function run(options: RunOptions): Promise<void> {
  const print = options.json === true ? console.error : console.log;
  const { describeLog = withoutMetrics } = options;
  const chaos = options.chaos === undefined ? undefined : new Chaos({ seed: options.chaos, onPlay: print });
  const stack = await startLocalStack({
    assemblyDirectory: options.assemblyDirectory,
    stackName: options.stackName,
    port: options.port,
    heapBaseUrl: options.heap,
    appId: options.appId ?? localAppId,
    onFunctionLog: (line, instance) => {
      for (const described of describeLog(line, instance)) print(described);
    },
    onNotice: print,
    chaos,
  });
  const reader = messageReader(options.reader);
  const reconciliation = stack.reconciliation(reader);
  const page = await options
    .openConsole?.({ stack, reconciliation, reader, onNotice: print })
    .catch((error: unknown) => {
      print(`There is no console: ${explain(error)}`);
      return undefined;
    });
  const reachable = { ...stack, consoleUrl: page?.origin };
  announce(reachable, print);
  stopOnSignal(print, async () => {
    await stack.stop();
    const account = await reconciliation.account();
    print(`\n${describeAccount(account)}`);
    await page?.end(describeAccount(account));
    if (chaos !== undefined) print(`\n${describeChaos(chaos, stack.skippedMs())}`);
    return isBalanced(account) ? 0 : 1;
  });
  console.log(
    options.json === true
      ? readyLine(reachable)
      : welcome(reachable, options.heap !== undefined, options.chaos),
  );
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
function stopOnSignal(print: (line: string) => void, end: () => Promise<number>): void {
  let stoppingSince: number | undefined;
  const stop = (): void => {
    if (stoppingSince !== undefined) {
      // The second Ctrl-C is for those who do not want to wait for a running delivery.
      if (performance.now() - stoppingSince > echoMs) process.exit(130);
      return;
    }
    stoppingSince = performance.now();
    print('\nStopping. A running delivery is waited for, at most 12 seconds; Ctrl-C again ends at once.');
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
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}\nAnother program uses this port. Choose one with: npm start -- --port 0`;
  }
  return error.message;
}
