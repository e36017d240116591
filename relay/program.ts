import { Command } from 'commander';
import {
  eachOf,
  environmentCommand,
  exitCodes,
  toAppId,
  toNumber,
  toPathSegment,
  toReason,
  toWindow,
} from './options';

/**
 * Every command with its options and its help. What a command does is loaded when it is called: clients of AWS,
 * Liquid and the schema of the settings take longer to load than most commands to run.
 */
export function createProgram(): Command {
  // Before the commands, which inherit it.
  const program = new Command('npm run relay --')
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
  addDoctor(program);
  addDeadLetters(program);
  return program;
}

/** An action that loads what it does. */
const loaded =
  <Arguments extends readonly unknown[]>(load: () => Promise<(...given: Arguments) => Promise<void>>) =>
  async (...given: Arguments): Promise<void> =>
    (await load())(...given);

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
    .option('--env <name>', 'the environment whose settings and rules apply', 'local')
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
      '\nExit code: 0 nothing is rejected, 1 something is rejected or refused, 2 wrong usage, or a mistake in a rule.',
    )
    .action(loaded(async () => (await import('./commands/preview.js')).preview));
}

/** Says what to enter in CleverTap, who uses which key, and how a key is rotated. */
function addWebhook(program: Command): void {
  environmentCommand(program, 'webhook')
    .summary('what to paste into CleverTap, traffic by key, and how to rotate a key')
    .description('Shows URL and headers to paste into CleverTap, requests by key, and how to rotate a key.')
    .option('--show-key', 'print the values of the API keys')
    .addHelpText('after', '\nExit code: 0 done, 2 wrong usage or no access.')
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
    .addHelpText('after', '\nExit code: 0 stored, 2 not stored.')
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
    .addHelpText('after', exitCodes('every check passed', 'a check failed'))
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
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathSegment)
    .option('--repeat <number>', 'how many times', toNumber(1, 1_000_000), 1)
    .option('--rate <number>', 'requests a second at most', toNumber(1, 1000))
    .option('--concurrency <number>', 'requests at a time at most', toNumber(1, 200), 10)
    .option('--yes', 'do not ask before something is sent to an environment on AWS')
    .addHelpText('after', exitCodes('all were answered with 200', 'some were not'))
    .action(loaded(async () => (await import('./commands/send.js')).send));
}

/** Says whether everything that was accepted is accounted for. */
function addStatus(program: Command): void {
  environmentCommand(program, 'status')
    .summary('what was accepted, delivered, rejected; whether it adds up; alarms')
    .description(
      'Counts what was accepted, delivered, rejected and ignored in the last time, and what is waiting; says ' +
        'whether that adds up or what is missing, and which alarms ring.',
    )
    .option('--window <time>', 'how far back, e.g. 15m, 1h, 7d', toWindow, 3_600_000)
    .addHelpText(
      'after',
      exitCodes('all adds up and no alarm rings', 'something is missing, or an alarm rings'),
    )
    .action(loaded(async () => (await import('./commands/status.js')).status));
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
    .addHelpText('after', exitCodes('every check passed', 'one failed, or could not be made'))
    .action(loaded(async () => (await import('./commands/doctor.js')).doctor));
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
    .addHelpText('after', exitCodes('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).list));
  withReason(environmentCommand(dlq, 'redrive'))
    .description(
      'Moves dead letters back to the event buffer, from where they are delivered again under the same keys and ' +
        'times. Mend the cause first: what still cannot be delivered comes back.',
    )
    .option('--dry-run', 'show what would be moved, and move nothing')
    .option('--rate <number>', 'letters a second at most, 1 to 500', toNumber(1, 500))
    .option('--from-queue <url>', 'take them from this queue, such as one that a deleted stack has left')
    .addHelpText('after', exitCodes('done', 'not all were moved'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).redrive));
  withReason(environmentCommand(dlq, 'discard'))
    .description('Deletes dead letters for ever. Asks before.')
    .option(
      '--identity <identity>',
      'only the events of this person, for erasure requests; "-" reads it from standard input',
    )
    .option('--dry-run', 'count what would be deleted, and delete nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', exitCodes('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).discard));
  withReason(environmentCommand(dlq, 'export'))
    .argument('<file>', 'a new file; only you can read it, as it holds personal data')
    .description('Writes dead letters to a file, as JSON lines. They stay where they are.')
    .addHelpText('after', exitCodes('done', 'not all could be seen'))
    .action(loaded(async () => (await import('./commands/dead-letters.js')).exportTo));
}

const withReason = (command: Command): Command =>
  command.option('--reason <code>', 'only letters of this reason, see docs/reasons.md', toReason);
