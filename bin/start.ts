import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { heapOrigin } from '../lib/config/heap-origin';
import { localEnvironment, readEnvironment, stackName } from '../lib/config/environments';
import { mappingOf } from '../lib/config/rule-files';
import { toAppId, toPort } from '../local/options';
import { explain, run, type RunOptions } from '../local/run';
import { near } from '../local/stack';
import { Feed } from '../relay/feed/feed';
import { feedPrinter } from '../relay/terminal/feed-printer';

new Command('npm start --')
  .description('Runs the local environment on this machine until Ctrl-C.')
  .option('--port <number>', 'port of the webhook; 0 picks a free one', toPort, 4000)
  .option('--json', 'print one line of JSON when ready, for scripts; logs go to stderr')
  .option('--verbose', "print the function's log as it is, not a short line for each event")
  .option('--heap <url>', 'deliver to a real Heap instead of the fake one, e.g. https://heapanalytics.com')
  .option('--app-id <digits>', 'the Heap app id to send with', toAppId)
  .option(
    '--chaos <seed>',
    'play faults of Heap, SQS and Lambda, chosen by a number or word, and skip all waiting',
  )
  .option('--assembly <folder>', 'run what was synthesized to this folder before, e.g. cdk.out')
  .action(start)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(explain(error));
    process.exitCode = 1;
  });

async function start(
  {
    assembly,
    verbose,
    ...options
  }: Pick<RunOptions, 'port' | 'json' | 'heap' | 'appId' | 'chaos'> & { assembly?: string; verbose?: true },
  command: Command,
): Promise<void> {
  const heap = options.heap === undefined ? undefined : toHeapOrigin(options.heap, command);
  if (heap !== undefined && options.appId === undefined) {
    command.error('error: --heap needs --app-id <digits>, the id of the Heap environment to send to');
  }
  if (heap !== undefined && options.chaos !== undefined) {
    command.error('error: --chaos plays faults of the fake Heap; leave out --heap, or --chaos');
  }
  // The SDK is no concern of a person who tries the app out; the deployed function has its own Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const config = readEnvironment(localEnvironment);
  const { identityOrder, dedupeWindowMinutes } = config;
  const settings = {
    environment: localEnvironment,
    identityOrder,
    dedupeWindowMinutes,
    mapping: mappingOf(config),
  };
  await run({
    ...options,
    describeLog:
      verbose === true || options.json === true || !process.stdout.isTTY ? undefined : shortLines(),
    heap,
    assemblyDirectory: assembly ?? (await synthesize()),
    stackName: stackName(localEnvironment),
    reader: settings,
    openConsole: async (observed) => {
      const { startConsole } = await import('../console/server/server.js');
      return near(options.port, 3, (port) =>
        startConsole({ port, ...observed, settings, chaosSeed: options.chaos }),
      );
    },
  });
}

/** The same lines as `relay tail`. */
function shortLines(): RunOptions['describeLog'] {
  const feed = new Feed();
  const print = feedPrinter(process.stdout);
  return (line, stream) => feed.take({ at: Date.now(), stream, line }).flatMap(print);
}

/** Not a parser of the option: commander would repeat what it was given, a password included. */
function toHeapOrigin(url: string, command: Command): string {
  const checked = heapOrigin(url);
  return 'origin' in checked ? checked.origin : command.error(`error: --heap ${checked.problem}`);
}

/** Synthesizes the local environment to a folder that goes with this process. CDK is loaded for this alone. */
async function synthesize(): Promise<string> {
  const { createApp } = await import('./clevertap-to-heap.js');
  const outdir = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-'));
  process.on('exit', () => {
    rmSync(outdir, { recursive: true, force: true });
  });
  // This template is interpreted here and deployed nowhere; `npm run synth` has it validated for AWS.
  process.env['CDK_VALIDATION'] = 'false';
  createApp({ names: [localEnvironment], outdir }).synth();
  return outdir;
}
