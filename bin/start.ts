import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Chaos } from '../local/chaos';
import { startLocalStack, type LocalStack } from '../local/stack';
import { readyLine, removeStackFile, stackFilePath, writeStackFile } from '../local/stack-file';
import { localEnvironment as environment, readEnvironment, stackName } from '../lib/config/environments';
import { mappingOf } from '../lib/config/rule-files';
import { createApp } from './clevertap-to-heap';
import { describeAccount, isBalanced, messageReader } from '../local/account/message-reader';

interface Options {
  port: number;
  json?: boolean;
  heap?: string;
  appId?: string;
  chaos?: string;
}

/** Any digits do for the fake Heap. */
const localAppId = '1234567890';

new Command('npm start --')
  .description('Runs the local environment on this machine until Ctrl-C.')
  .option('--port <number>', 'port of the webhook; 0 picks a free one', toPort, 4000)
  .option('--json', 'print one line of JSON when ready, for scripts; logs go to stderr')
  .option(
    '--heap <url>',
    'deliver to a real Heap instead of the fake one, e.g. https://heapanalytics.com',
    toHeapUrl,
  )
  .option('--app-id <digits>', 'the Heap app id to send with', toAppId)
  .option(
    '--chaos <seed>',
    'play faults of Heap, SQS and Lambda, chosen by a number or word, and skip all waiting',
  )
  .action(run)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(explain(error));
    process.exitCode = 1;
  });

async function run(options: Options, command: Command): Promise<void> {
  if (options.heap !== undefined && options.appId === undefined) {
    command.error('error: --heap needs --app-id <digits>, the id of the Heap environment to send to');
  }
  if (options.heap !== undefined && options.chaos !== undefined) {
    command.error('error: --chaos plays faults of the fake Heap; leave out --heap, or --chaos');
  }
  // The SDK is no concern of a person who tries the app out; the deployed function has its own Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const assemblyDirectory = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-'));
  process.on('exit', () => {
    rmSync(assemblyDirectory, { recursive: true, force: true });
  });
  // This template is interpreted here and deployed nowhere; `npm run synth` has it validated for AWS.
  process.env['CDK_VALIDATION'] = 'false';
  const config = readEnvironment(environment);
  createApp({ names: [environment], outdir: assemblyDirectory }).synth();

  // With --json, stdout belongs to the one line a script reads.
  const print = options.json === true ? console.error : console.log;
  const chaos = options.chaos === undefined ? undefined : new Chaos({ seed: options.chaos, onPlay: print });
  const stack = await startLocalStack({
    assemblyDirectory,
    stackName: stackName(environment),
    port: options.port,
    heapBaseUrl: options.heap,
    appId: options.appId ?? localAppId,
    onFunctionLog: (line) => {
      // Metrics are for CloudWatch; a person reads the same counts in the line "batch forwarded".
      if (!line.startsWith('{"_aws"')) print(line);
    },
    onNotice: print,
    chaos,
  });
  announce(stack, print);
  stopOnSignal(print, async () => {
    await stack.stop();
    const account = await stack.account(messageReader({ ...config, mapping: mappingOf(config) }));
    print(`\n${describeAccount(account)}`);
    if (chaos !== undefined) print(`\n${describeChaos(chaos, stack.skippedMs())}`);
    return isBalanced(account) ? 0 : 1;
  });
  console.log(options.json === true ? readyLine(stack) : welcome(stack, options));
}

/** Lets `npm run relay -- … --env local` find the stack, for as long as this process runs. */
function announce(stack: LocalStack, print: (line: string) => void): void {
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

/** The payload of CleverTap's Heap guide, as CleverTap renders it. */
const purchase = JSON.stringify({
  app_id: '<app id>',
  identity: 'ana@shop.test',
  event: 'Purchase',
  properties: { item_names: 'Watch', value: '100', campaign_name: 'Cart Reminder Push' },
});

function welcome(stack: LocalStack, { heap, chaos }: Options): string {
  return `
clevertap-to-heap runs on this machine. Ctrl-C stops it.

  Webhook       ${stack.webhookUrl}
  Header        x-api-key: ${stack.apiKey}
  Heap          ${stack.heapUrl} (app id ${stack.appId})
  SQS, secrets  ${stack.awsUrl}
  Queue         ${stack.queueUrl}
  Dead letters  ${stack.deadLetterQueueUrl}

Send a purchase as CleverTap would:

  curl -i ${stack.webhookUrl} \\
    -H 'x-api-key: ${stack.apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '${purchase}'
${
  heap === undefined
    ? `
and two seconds later see what Heap received:

  curl -s ${stack.heapUrl}/received
`
    : ''
}
In the template but not on this machine: ${stack.uninterpretedTypes.join(', ')}.
${chaos === undefined ? '' : chaosNotice(chaos, stack)}`;
}

const chaosNotice = (seed: string, { heapUrl }: LocalStack): string => `
Chaos with the seed ${JSON.stringify(seed)}: Heap fails in spells, some messages come twice, and some invocations
are throttled or killed. The same seed plays the same faults in the same order. Some of them make Heap refuse
good events, which then become dead letters. Heap alone is left in peace from now on with

  curl -s ${heapUrl}/control -d '{"mode":"ok"}'

Nobody waits: when all that is left is to wait, for a message that is hidden or for Heap to recover, the
clock of webhook, queue and function jumps ahead. So back-off and time limits are the real ones, and event
times may soon be hours ahead of yours.
`;

function describeChaos({ played }: Chaos, skippedMs: number): string {
  const lines: [string, string][] = [
    ['Heap', `${played.heapFaults} of ${played.heapRequests} requests failed`],
    ['Function', `${played.killedInvocations} invocations killed, ${played.throttledInvocations} throttled`],
    [
      'Messages',
      `${played.repeatedMessages} twice in a batch, ${played.lostDeletes} shown again after they were done`,
    ],
    ['Clock', `${describeMs(skippedMs)} of waiting skipped`],
  ];
  const rows = lines.map(([where, what]) => `  ${where.padEnd(9)}  ${what}`);
  return `Chaos played:\n\n${rows.join('\n')}`;
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

function toAppId(text: string): string {
  if (/^\d+$/.test(text)) return text;
  throw new InvalidArgumentError('A Heap app id consists of digits.');
}

function toHeapUrl(text: string): string {
  if (URL.canParse(text)) {
    const { protocol, origin, hostname } = new URL(text);
    if (hostname === 'eu.heapanalytics.com') {
      throw new InvalidArgumentError('Heap EU receives events at https://c.eu.heap-api.com.');
    }
    if (protocol === 'https:' && text.replace(/\/$/, '') === origin) return origin;
  }
  throw new InvalidArgumentError('It must be an https origin such as https://heapanalytics.com.');
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}\nAnother program uses this port. Choose one with: npm start -- --port 0`;
  }
  return error.message;
}

function describeMs(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
