import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startLocalStack, type LocalStack } from '../local/stack';
import { createApp, stackName } from './clevertap-to-heap';

interface Options {
  port: number;
  json?: boolean;
  heap?: string;
  appId?: string;
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
  // The SDK is no concern of a person who tries the app out; the deployed function has its own Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const assemblyDirectory = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-'));
  process.on('exit', () => {
    rmSync(assemblyDirectory, { recursive: true, force: true });
  });
  // This template is interpreted here and deployed nowhere; `npm run synth` has it validated for AWS.
  process.env['CDK_VALIDATION'] = 'false';
  createApp({ names: ['local'], outdir: assemblyDirectory }).synth();

  // With --json, stdout belongs to the one line a script reads.
  const print = options.json === true ? console.error : console.log;
  const stack = await startLocalStack({
    assemblyDirectory,
    stackName: stackName('local'),
    port: options.port,
    heapBaseUrl: options.heap,
    appId: options.appId ?? localAppId,
    onFunctionLog: print,
    onNotice: print,
  });
  stopOnSignal(stack);
  console.log(options.json === true ? toJson(stack) : welcome(stack, options.heap === undefined));
}

function stopOnSignal(stack: LocalStack): void {
  let stopping = false;
  const stop = (): void => {
    // The second Ctrl-C is for those who do not want to wait for a running delivery.
    if (stopping) process.exit(130);
    stopping = true;
    stack.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(explain(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

const toJson = ({
  webhookUrl,
  apiKey,
  appId,
  heapUrl,
  awsUrl,
  queueUrl,
  deadLetterQueueUrl,
}: LocalStack): string =>
  JSON.stringify({ webhookUrl, apiKey, appId, heapUrl, awsUrl, queueUrl, deadLetterQueueUrl });

/** The payload of CleverTap's Heap guide, as CleverTap renders it. */
const purchase = JSON.stringify({
  app_id: '<app id>',
  identity: 'ana@shop.test',
  event: 'Purchase',
  properties: { item_names: 'Watch', value: '100', campaign_name: 'Cart Reminder Push' },
});

function welcome(stack: LocalStack, hasFakeHeap: boolean): string {
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
  hasFakeHeap
    ? `
and two seconds later see what Heap received:

  curl -s ${stack.heapUrl}/received
`
    : ''
}
In the template but not on this machine: ${stack.uninterpretedTypes.join(', ')}.
`;
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
