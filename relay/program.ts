import { Command, Option } from 'commander';
import { sampleNames } from './samples';
import {
  eachOf,
  environmentCommand,
  exitCodes,
  exitCodesOf,
  hasEnvironments,
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
 * Every command with its options and its help. What a command does is loaded when it is called: clients of AWS,
 * Liquid and the schema of the settings take longer to load than most commands to run.
 */
export function createProgram(version = 'unknown'): Command {
  // Before the commands, which inherit it.
  const program = new Command(hasEnvironments ? 'npm run relay --' : 'relay')
    .version(version)
    .description(
      'What an operator does by hand with the webhooks of CleverTap. docs/operate.md shows each command.',
    )
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

/** An action that loads what it does. */
const loaded =
  <Arguments extends readonly unknown[]>(load: () => Promise<(...given: Arguments) => Promise<void>>) =>
  async (...given: Arguments): Promise<void> =>
    (await load())(...given);

const sampleHelp = `a payload of CleverTap's instead of a file: ${sampleNames.join(', ')}`;

/** Shows what Heap would get for a payload, without network and secrets. */
function addPreview(program: Command): void {
  program
    .command('preview')
    .summary('show what Heap would get for a payload; sends nothing')
    .description(
      'Shows what Heap would get for a payload of CleverTap: the requests, and for each event ' +
        'the rule, what was changed, or why it is rejected; or why the endpoint would refuse the payload. Sends nothing.',
    )
    .argument('[file]', 'the payload; "-" or none: read it from standard input')
    .option('--sample <name>', sampleHelp, toSample)
    .addOption(
      new Option('--env <name>', 'the environment whose settings and rules apply')
        .default('local')
        .hideHelp(!hasEnvironments),
    )
    .option('--rule <file>', "rules of this file instead of the environment's; may be repeated", eachOf)
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathSegment)
    .option('--json', 'print one JSON document, for scripts; run it with npm run --silent')
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

/** Says what to enter in CleverTap, who uses which key, and how a key is rotated. */
function addWebhook(program: Command): void {
  environmentCommand(program, 'webhook')
    .summary('what to paste into CleverTap, traffic by key, and how to rotate a key')
    .description('Shows URL and headers to paste into CleverTap, requests by key, and how to rotate a key.')
    .option('--show-key', 'print the values of the API keys')
    .addHelpText('after', exitCodes({ 0: 'done', 2: 'wrong usage or no access' }))
    .action(loaded(async () => (await import('./commands/webhook.js')).webhook));
}

/** Stores the Heap app id without it ever standing in a command line. */
function addToken(program: Command): void {
  const token = program.command('token').description("The environment's Heap app id.");
  environmentCommand(token, 'set')
    .summary("store the environment's Heap app id")
    .description(
      'Stores the Heap app id, read from a prompt or from standard input, never from the command line. A header ' +
        'that is stored beside it stays. To store one, give both as JSON: ' +
        '{"appId":"<digits>","header":{"name":"<name>","value":"<value>"}}.',
    )
    .addHelpText('after', exitCodes({ 0: 'stored', 2: 'not stored' }))
    .action(loaded(async () => (await import('./commands/token.js')).setToken));
}

/** Sends a test event all the way and holds the endpoint to its promises. */
function addSmoke(program: Command): void {
  environmentCommand(program, 'smoke')
    .summary('send a test event all the way and check what the endpoint promises')
    .description(
      'Sends a unique event of a unique test user through the webhook, follows it until the forwarder has settled ' +
        'it, and checks what only a deployed endpoint shows: content types, 403, 413, 415 and the event in the path. ' +
        'The test user and two events stay in Heap, so it asks before.',
    )
    .option(
      '--door',
      'only what the endpoint must store and refuse; sends nothing to Heap, and needs no app id; leaves one dead ' +
        'letter, by an empty body',
    )
    .option('--no-empty-body', 'with --door: send no empty body, and leave no dead letter')
    .option('--timeout <seconds>', 'how long the event may take', toNumber(1, 3600), 180)
    .option('--yes', 'do not ask')
    .addHelpText('after', exitCodesOf('every check passed', 'a check failed'))
    .action(loaded(async () => (await import('./commands/smoke.js')).smoke));
}

/** Posts a payload as CleverTap would. */
function addSend(program: Command): void {
  environmentCommand(program, 'send')
    .summary('post a payload to the webhook as CleverTap would')
    .description(
      'Posts a payload to the webhook as CleverTap would, and prints the answers. Preview it first with preview.',
    )
    .argument('[file]', 'the payload; "-" or none: read it from standard input')
    .option('--sample <name>', sampleHelp, toSample)
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathSegment)
    .option('--repeat <number>', 'how many times', toNumber(1, 1_000_000), 1)
    .option('--rate <number>', 'requests a second at most', toNumber(1, 1000))
    .option('--concurrency <number>', 'requests at a time at most', toNumber(1, 200), 10)
    .option('--yes', 'do not ask before something is sent to an environment on AWS')
    .addHelpText('after', exitCodesOf('all were answered with 200', 'some were not'))
    .action(loaded(async () => (await import('./commands/send.js')).send));
}

/** Says whether everything that was accepted is accounted for. */
function addStatus(program: Command): void {
  environmentCommand(program, 'status')
    .summary('what was accepted, delivered, rejected; whether it adds up; alarms')
    .description(
      'Counts what was accepted, delivered, rejected and ignored in the last time, and what is waiting; says ' +
        'whether that adds up or what is missing, and which alarms ring. With --by campaign, what became of the ' +
        'events of each campaign instead.',
    )
    .addOption(
      new Option('--window <time>', 'how far back, e.g. 15m, 1h, 7d')
        .argParser(toWindow)
        .default(3_600_000, '1h'),
    )
    .addOption(new Option('--by <what>', 'what became of the events of each campaign').choices(['campaign']))
    .option('--verbose', 'with --by campaign, also what the search of the log read and cost')
    .addHelpText(
      'after',
      exitCodesOf('all adds up and no alarm rings', 'something is missing or rejected, or an alarm rings'),
    )
    .action(loaded(async () => (await import('./commands/status.js')).status));
}

/** Shows what becomes of events while it happens. */
function addTail(program: Command): void {
  environmentCommand(program, 'tail', 'print one line of JSON for each row, and one for the sum')
    .summary('follow what becomes of events, e.g. while somebody sends a test')
    .description(
      'Follows what becomes of events: a line for each webhook call, a line for each campaign of a large batch, what ' +
        'waits and why, and what to do. Times are UTC. Ends with Ctrl-C and a sum.',
    )
    .option('--campaign <id>', 'only this campaign, by its id in CleverTap or the name of its event')
    .addOption(
      new Option('--since <time>', 'how far back it begins, e.g. 1m, 1h')
        .argParser(toWindow)
        .default(60_000, '1m'),
    )
    .option('--for <time>', 'end after this time, e.g. 5m; without it: with Ctrl-C', toWindow)
    .addHelpText('after', exitCodes({ 0: 'ended by Ctrl-C or --for', 2: 'wrong usage or no access' }))
    .action(loaded(async () => (await import('./commands/tail.js')).tail));
}

/** Looks at everything that goes wrong quietly, before and after a deployment. */
function addDoctor(program: Command): void {
  environmentCommand(program, 'doctor')
    .summary('check account, settings, stack and recipients; changes nothing')
    .description(
      'Checks what goes wrong without a word: credentials, settings, bootstrap, log role, certificate, topics, and of ' +
        'what is deployed stack, code, event source mapping, secret, API keys, queues, dead letters, alarms and ' +
        'their recipients. Changes nothing.',
    )
    .option('--preflight', 'only what a deployment needs; the stack need not be there yet')
    .addHelpText('after', exitCodesOf('every check passed', 'one failed, or could not be made'))
    .action(loaded(async () => (await import('./commands/doctor.js')).doctor));
}

/** Compares CleverTap's figures with what arrived. */
function addReconcile(program: Command): void {
  environmentCommand(program, 'reconcile')
    .summary('compare what CleverTap says it sent with what arrived')
    .description(
      'Compares a list of campaigns with what CleverTap says it sent of each, its campaign report or message report, ' +
        'with what arrived here and what became of it. docs/operate.md says how to get the file.',
    )
    .argument('[file]', 'CSV, JSON or JSON lines; "-" or none: read it from standard input')
    .addOption(
      new Option('--window <time>', 'how far back, as in the file, up to 60d')
        .argParser(toLongWindow)
        .default(7 * 86_400_000, '7d'),
    )
    .option(
      '--until <instant>',
      'the end of the window, e.g. 2026-11-28 (0:00 UTC) or 2026-11-28T12:00+01:00; without it: now',
      toInstant,
    )
    .option('--verbose', 'also what the search of the log read and cost')
    .addHelpText(
      'after',
      exitCodesOf(
        'of each campaign as many were delivered as were sent',
        'of some there were fewer, or none was compared',
      ),
    )
    .action(loaded(async () => (await import('./commands/reconcile.js')).reconcileFile));
}

/** `dlq` with its commands: what can be done with events that could not be delivered. */
function addDeadLetters(program: Command): void {
  const dlq = program
    .command('dlq')
    .summary('look at dead letters, redrive, export or discard them')
    .description(
      'Dead letters are events that could not be delivered, each with a reason of docs/reasons.md. ' +
        'Ctrl-C stops each of these commands without losing a letter.',
    );
  withReason(environmentCommand(dlq, 'list'))
    .description('Counts dead letters by reason and campaign and shows samples. They stay where they are.')
    .option('--samples <number>', 'letters shown of each reason and campaign', toNumber(0, 1000), 1)
    .option('--show', 'print samples as they are, personal data included')
    .addHelpText('after', exitCodesOf('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).list));
  withReason(environmentCommand(dlq, 'redrive'))
    .description(
      'Moves dead letters back to the event buffer, from where they are delivered again under the same keys and ' +
        'times. Mend the cause first: what still cannot be delivered comes back.',
    )
    .option('--dry-run', 'show what would be moved, and move nothing')
    .option('--rate <number>', 'letters a second at most, 1 to 500', toNumber(1, 500))
    .option('--from-queue <url>', 'take them from this queue, such as one that a deleted stack has left')
    .addHelpText('after', exitCodesOf('done', 'not all were moved'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).redrive));
  withReason(environmentCommand(dlq, 'discard'))
    .description('Deletes dead letters for ever. Asks before.')
    .option(
      '--identity <identity>',
      'only the events of this person, for erasure requests; "-" reads it from standard input',
    )
    .option('--dry-run', 'count what would be deleted, and delete nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', exitCodesOf('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).discard));
  withReason(environmentCommand(dlq, 'export'))
    .argument('<file>', 'a new file; only you can read it, as it holds personal data')
    .description('Writes dead letters to a file, as JSON lines. They stay where they are.')
    .addHelpText('after', exitCodesOf('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).exportTo));
}

const withReason = (command: Command): Command =>
  command.option('--reason <code>', 'only letters of this reason, see docs/reasons.md', toReason);
