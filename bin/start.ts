import { join } from 'node:path';
import { Command } from 'commander';
import { heapOrigin } from '../lib/config/heap-origin';
import { toAppId, toPort } from '../local/options';
import { explain, run, type LocalEnvironment, type RunOptions } from '../local/run';
import { synthesize } from '../local/synthesis';
import { Feed } from '../relay/feed/feed';
import { feedPrinter } from '../relay/terminal/feed-printer';

new Command('npm start --')
  .description('Runs the local environment on this machine until Ctrl-C.')
  .option('--port <number>', 'port of the webhook; 0 picks a free one', toPort, 4000)
  .option('--json', 'print one line of JSON when ready, for scripts; logs go to stderr')
  .option(
    '--verbose',
    "print the function's raw log instead of a short line per event, and details of the stack",
  )
  .option('--heap <url>', 'deliver to a real Heap instead of the fake one, e.g. https://heapanalytics.com')
  .option('--app-id <digits>', 'the Heap app id to send with', toAppId)
  .option(
    '--chaos <seed>',
    'inject faults of Heap, SQS and Lambda, seeded by a number or word, and skip all waiting',
  )
  .option('--assembly <folder>', 'run a cloud assembly that already exists, e.g. cdk.out')
  .action(start)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(explain(error));
    process.exitCode = 1;
  });

async function start(
  {
    assembly,
    ...options
  }: Pick<RunOptions, 'port' | 'json' | 'verbose' | 'heap' | 'appId' | 'chaos'> & { assembly?: string },
  command: Command,
): Promise<void> {
  const heap = options.heap === undefined ? undefined : toHeapOrigin(options.heap, command);
  if (heap !== undefined && options.appId === undefined) {
    command.error('error: --heap needs --app-id <digits>, the id of the Heap environment to send to');
  }
  if (heap !== undefined && options.chaos !== undefined) {
    command.error('error: --chaos needs the fake Heap; leave out either --heap or --chaos');
  }
  // The warning does not concern someone trying the app out: the deployed function has its own Node version.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  await run({
    ...options,
    describeLog:
      options.verbose === true || options.json === true || !process.stdout.isTTY ? undefined : shortLines(),
    heap,
    assembly: (signal) =>
      assembly === undefined
        ? synthesize(join(__dirname, 'local-assembly.ts'), signal)
        : Promise.resolve(assembly),
    environment,
    openConsole: async (observed) => {
      const { startConsole } = await import('../console/server/server.js');
      return startConsole({ ...observed, chaosSeed: options.chaos });
    },
  });
}

/** Imports the settings lazily, since loading them is slow. */
async function environment(): Promise<LocalEnvironment> {
  const [{ localEnvironment, readEnvironment, stackName }, { pageSettings }] = await Promise.all([
    import('../lib/config/environments.js'),
    import('../console/page-settings.js'),
  ]);
  return {
    stackName: stackName(localEnvironment),
    settings: pageSettings(localEnvironment, readEnvironment(localEnvironment)),
  };
}

/** Prints the same lines as `relay tail`. */
function shortLines(): RunOptions['describeLog'] {
  const feed = new Feed();
  const print = feedPrinter(process.stdout);
  return (line, stream) => feed.take({ at: Date.now(), stream, line }).flatMap(print);
}

/** Not an option parser, because commander's error would repeat the value, including a password. */
function toHeapOrigin(url: string, command: Command): string {
  const checked = heapOrigin(url);
  return 'origin' in checked ? checked.origin : command.error(`error: --heap ${checked.problem}`);
}
