import { Command, Option } from 'commander';
import { sampleNames } from './samples';
import {
  eachOf,
  environmentCommand,
  exitCodes,
  exitCodesOf,
  hasEnvironments,
  jsonHelp,
  toAppId,
  toInstant,
  toLongWindow,
  toNumber,
  toPathSegment,
  toReason,
  toSample,
  toWindow,
} from './options';

/**
 * Every command with its options and help. A command's code is loaded when it is called: AWS clients, Liquid and the
 * settings schema take longer to load than most commands take to run.
 */
export function createProgram(version = 'unknown'): Command {
  // Set before the commands are added, since they inherit exitOverride.
  const program = new Command(hasEnvironments ? 'npm run relay --' : 'relay')
    .version(version)
    .description('Operator commands for the CleverTap webhooks. docs/operate.md shows each command.')
    .exitOverride();
  addPreview(program);
  addWebhook(program);
  addToken(program);
  addSmoke(program);
  addSend(program);
  addStatus(program);
  addTail(program);
  addDoctor(program);
  addReconcile(program);
  addDeadLetters(program);
  return program;
}

/** An action whose code is loaded when it is called. */
const loaded =
  <Arguments extends readonly unknown[]>(load: () => Promise<(...given: Arguments) => Promise<void>>) =>
  async (...given: Arguments): Promise<void> =>
    (await load())(...given);

const sampleHelp = `one of CleverTap's payloads instead of a file: ${sampleNames.join(', ')}`;

/** Shows what Heap would get for a payload. Needs neither network nor secrets. */
function addPreview(program: Command): void {
  program
    .command('preview')
    .summary('show what Heap would get for a payload; sends nothing')
    .description(
      'Shows what Heap would get for a CleverTap payload: the requests and, for each event, ' +
        'the rule, what was changed, or why it is rejected; or why the endpoint would refuse the payload. Sends nothing.',
    )
    .argument('[file]', 'the payload; "-" or no file reads standard input')
    .option('--sample <name>', sampleHelp, toSample)
    .addOption(
      new Option('--env <name>', 'the environment whose settings and rules apply')
        .default('local')
        .hideHelp(!hasEnvironments),
    )
    .option('--rule <file>', "use this file's rules, not the environment's; may be repeated", eachOf)
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathSegment)
    .option('--json', jsonHelp)
    .option(
      '--app-id <digits>',
      "the environment's Heap app id; compared with the one in the payload",
      toAppId,
    )
    .addHelpText(
      'after',
      exitCodes({
        0: 'nothing is rejected',
        1: 'something is rejected or refused',
        2: 'wrong usage, or a mistake in a rule',
      }),
    )
    .action(loaded(async () => (await import('./commands/preview.js')).preview));
}

/** Shows what to enter in CleverTap, the requests by key, and how to rotate a key. */
function addWebhook(program: Command): void {
  environmentCommand(program, 'webhook')
    .summary('what to paste into CleverTap, traffic by key, and how to rotate a key')
    .description(
      'Shows the URL and headers to paste into CleverTap, requests by key, and how to rotate a key.',
    )
    .option('--show-key', 'print the values of the API keys')
    .addHelpText('after', exitCodes({ 0: 'done', 2: 'wrong usage or no access' }))
    .action(loaded(async () => (await import('./commands/webhook.js')).webhook));
}

/** Stores the Heap app id, which never appears on a command line. */
function addToken(program: Command): void {
  const token = program.command('token').description("The environment's Heap app id.");
  environmentCommand(token, 'set')
    .summary("store the environment's Heap app id")
    .description(
      'Stores the Heap app id, read from a prompt or standard input, never from the command line. A header that is ' +
        'already stored stays. To store one, give both as JSON: ' +
        '{"appId":"<digits>","header":{"name":"<name>","value":"<value>"}}.',
    )
    .addHelpText('after', exitCodes({ 0: 'stored', 2: 'not stored' }))
    .action(loaded(async () => (await import('./commands/token.js')).setToken));
}

/** Sends a test event end to end and checks the endpoint's promises. */
function addSmoke(program: Command): void {
  environmentCommand(program, 'smoke')
    .summary("send a test event end to end and check the endpoint's promises")
    .description(
      'Sends a unique event of a unique test user through the webhook, follows it until the forwarder has settled ' +
        'it, and checks what only a deployed endpoint shows: content types, 403, 413, 415 and the event in the path. ' +
        'Asks first, because the test user and two events stay in Heap.',
    )
    .option(
      '--door',
      'check only what the endpoint must store and refuse; sends nothing to Heap and needs no app id; the empty body ' +
        'leaves one dead letter',
    )
    .option('--no-empty-body', 'with --door: send no empty body, so leave no dead letter')
    .option('--timeout <seconds>', 'how long delivery may take', toNumber(1, 3600), 180)
    .option('--yes', 'do not ask')
    .addHelpText('after', exitCodesOf('every check passed', 'a check failed'))
    .action(loaded(async () => (await import('./commands/smoke.js')).smoke));
}

/** Posts a payload as CleverTap would. */
function addSend(program: Command): void {
  environmentCommand(program, 'send')
    .summary('post a payload to the webhook as CleverTap would')
    .description(
      'Posts a payload to the webhook as CleverTap would, and prints the responses. Check it with preview first.',
    )
    .argument('[file]', 'the payload; "-" or no file reads standard input')
    .option('--sample <name>', sampleHelp, toSample)
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathSegment)
    .option('--repeat <number>', 'how many times', toNumber(1, 1_000_000), 1)
    .option('--rate <number>', 'maximum requests per second', toNumber(1, 1000))
    .option('--concurrency <number>', 'maximum requests in flight', toNumber(1, 200), 10)
    .option('--yes', 'do not ask before sending to an environment on AWS')
    .addHelpText('after', exitCodesOf('every response was 200', 'some were not'))
    .action(loaded(async () => (await import('./commands/send.js')).send));
}

/** Shows whether everything that was accepted is accounted for. */
function addStatus(program: Command): void {
  environmentCommand(program, 'status')
    .summary('what was accepted, delivered, rejected; whether it adds up; alarms')
    .description(
      'Counts what was accepted, delivered, rejected and ignored within the window, and what is waiting. Shows ' +
        'whether that adds up or what is missing, and which alarms are in ALARM. With --by campaign, shows the ' +
        'outcome of each campaign instead.',
    )
    .addOption(
      new Option('--window <time>', 'how far back, e.g. 15m, 1h, 7d')
        .argParser(toWindow)
        .default(3_600_000, '1h'),
    )
    .addOption(new Option('--by <what>', 'the outcome of each campaign').choices(['campaign']))
    .option('--verbose', 'with --by campaign: also what the log search read and cost')
    .addHelpText(
      'after',
      exitCodesOf(
        'all adds up and no alarm rings',
        'events are missing or an alarm rings; by campaign: or any is rejected',
      ),
    )
    .action(loaded(async () => (await import('./commands/status.js')).status));
}

/** Shows the outcome of events live. */
function addTail(program: Command): void {
  environmentCommand(program, 'tail', 'print one line of JSON per row, and one for the sum')
    .summary('follow events live, e.g. while someone sends a test')
    .description(
      'Follows events live: a line for each webhook call, or for each campaign of a large batch, what is waiting and ' +
        'why, and what to do. Times are UTC. Ctrl-C ends it and prints a sum.',
    )
    .option('--campaign <id>', 'only this campaign, by its id in CleverTap or the name of its event')
    .addOption(
      new Option('--since <time>', 'how far back to start, e.g. 1m, 1h')
        .argParser(toWindow)
        .default(60_000, '1m'),
    )
    .option('--for <time>', 'end after this time, e.g. 5m; otherwise on Ctrl-C', toWindow)
    .addHelpText('after', exitCodes({ 0: 'ended by Ctrl-C or --for', 2: 'wrong usage or no access' }))
    .action(loaded(async () => (await import('./commands/tail.js')).tail));
}

/** Checks everything that goes wrong silently, before and after a deployment. */
function addDoctor(program: Command): void {
  environmentCommand(program, 'doctor')
    .summary('check account, settings, stack and recipients; changes nothing')
    .description(
      'Checks what goes wrong silently. Before a deployment: credentials, settings, bootstrap, log role, certificate ' +
        'and topics. After it: stack, code, event source mapping, secret, API keys, queues, dead letters, alarms and ' +
        'their recipients. Changes nothing.',
    )
    .option('--preflight', 'check only what a deployment needs; the stack may not exist yet')
    .addHelpText('after', exitCodesOf('every check passed', 'a check failed or could not be made'))
    .action(loaded(async () => (await import('./commands/doctor.js')).doctor));
}

/** Compares CleverTap's figures with what arrived. */
function addReconcile(program: Command): void {
  environmentCommand(program, 'reconcile')
    .summary('compare what CleverTap says it sent with what arrived')
    .description(
      'Compares what CleverTap says it sent of each campaign, from its campaign report or message report, with what ' +
        'arrived here and its outcome. docs/operate.md says how to get the file.',
    )
    .argument('[file]', 'CSV, JSON or JSON lines; "-" or no file reads standard input')
    .addOption(
      new Option('--window <time>', 'the period that the file covers, up to 60d')
        .argParser(toLongWindow)
        .default(7 * 86_400_000, '7d'),
    )
    .option(
      '--until <instant>',
      'the end of the window, e.g. 2026-11-28 (0:00 UTC) or 2026-11-28T12:00+01:00; default: now',
      toInstant,
    )
    .option('--verbose', 'also what the log search read and cost')
    .addHelpText(
      'after',
      exitCodesOf(
        'every campaign delivered as many events as it sent',
        'some delivered fewer, or nothing was compared',
      ),
    )
    .action(loaded(async () => (await import('./commands/reconcile.js')).reconcileFile));
}

/** `dlq` with its commands, for events that could not be delivered. */
function addDeadLetters(program: Command): void {
  const dlq = program
    .command('dlq')
    .summary('look at dead letters, redrive, export or discard them')
    .description(
      'Dead letters are events that could not be delivered, each with a reason of docs/reasons.md. ' +
        'Ctrl-C stops any of these commands without losing a dead letter.',
    );
  withReason(environmentCommand(dlq, 'list'))
    .description('Counts dead letters by reason and campaign and shows samples. They stay in the queue.')
    .option('--samples <number>', 'dead letters shown for each reason and campaign', toNumber(0, 1000), 1)
    .option('--show', 'print samples unmasked, personal data included')
    .addHelpText('after', exitCodesOf('done', 'not all could be read'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).list));
  withReason(environmentCommand(dlq, 'redrive'))
    .description(
      'Moves dead letters back to the event buffer, which delivers them again with the same keys and times. ' +
        'Fix the cause first: what still cannot be delivered comes back.',
    )
    .option('--dry-run', 'show what would be moved, and move nothing')
    .option('--rate <number>', 'maximum dead letters per second, 1 to 500', toNumber(1, 500))
    .option('--from-queue <url>', 'take them from this queue, e.g. one left by a deleted stack')
    .addHelpText('after', exitCodesOf('done', 'not all were moved'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).redrive));
  withReason(environmentCommand(dlq, 'discard'))
    .description('Permanently deletes dead letters. Asks first.')
    .option(
      '--identity <identity>',
      'only the events of this person, for erasure requests; "-" reads it from standard input',
    )
    .option('--dry-run', 'count what would be deleted, and delete nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', exitCodesOf('done', 'not all could be read'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).discard));
  withReason(environmentCommand(dlq, 'export'))
    .argument('<file>', 'a new file; only you can read it, as it holds personal data')
    .description('Writes dead letters to a file, as JSON lines. They stay in the queue.')
    .addHelpText('after', exitCodesOf('done', 'not all could be read'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).exportTo));
}

const withReason = (command: Command): Command =>
  command.option('--reason <code>', 'only dead letters with this reason, see docs/reasons.md', toReason);
