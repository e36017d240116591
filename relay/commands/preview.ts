import { InvalidArgumentError, type Command } from 'commander';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import { readEnvironment } from '../../lib/config/environments';
import { mappingOf } from '../../lib/config/rule-files';
import { readPayload, toPathSegment } from '../terminal/payload';
import { previewPayload, printReport, unknownAppId, type PreviewReport } from './preview-report';

interface Options {
  env: string;
  event?: string;
  json?: boolean;
  appId?: string;
}

/** Adds `preview`, which shows what Heap would get for a payload, without network and secrets. */
export function addPreview(program: Command): void {
  program
    .command('preview')
    .summary('show what Heap would get for a payload; sends nothing')
    .description(
      'Shows what Heap would get for a payload of CleverTap: the requests, and for each event ' +
        'the rule, what was changed, or why it is rejected. Sends nothing.',
    )
    .argument('[file]', 'the payload; "-" or none: read it from standard input')
    .option('--env <name>', 'the environment whose settings and rules apply', 'local')
    .option('--event <path>', 'the event name in the URL, the last part of /webhook/{event}', toPathEvent)
    .option('--json', 'print one JSON document, for scripts; run it with npm run --silent')
    .option(
      '--app-id <digits>',
      "the environment's Heap app id; compared with the one in the payload",
      toAppId,
    )
    .addHelpText('after', '\nExit code: 0 nothing is rejected, 1 something is rejected, 2 wrong usage.')
    .action(preview);
}

async function preview(file: string | undefined, options: Options): Promise<void> {
  const config = readEnvironment(options.env);
  const report = previewPayload(await readPayload(file), options.event, {
    appId: options.appId,
    receivedAt: Date.now(),
    requestId: 'preview',
    identityOrder: config.identityOrder,
    dedupeWindowMs: config.dedupeWindowMinutes * 60_000,
    mapping: compileMapping(mappingOf(config), createLiquid().parse),
  });
  console.log(
    options.json === true ? JSON.stringify(report) : `${printReport(report)}\n\n${notes(report, options)}`,
  );
  if (report.events.some(({ outcome }) => outcome === 'rejected')) process.exitCode = 1;
}

function notes({ requests }: PreviewReport, { env, appId }: Options): string {
  const lines = [`Nothing was sent. These are the settings of the environment ${env}.`];
  if (requests.length > 0) {
    lines.push('A real event has the time of its arrival and so another idempotency_key.');
    if (appId === undefined) {
      lines.push(
        `${unknownAppId} stands for the app id of the environment. Give it with --app-id to`,
        'have it shown, and compared with an app_id in the payload.',
      );
    }
  }
  return lines.join('\n');
}

/** The event as the function reads it: decoded once, and taken as it is where that cannot be done. */
function toPathEvent(segment: string): string {
  const checked = toPathSegment(segment);
  try {
    return decodeURIComponent(checked);
  } catch {
    return checked;
  }
}

function toAppId(digits: string): string {
  if (/^\d+$/.test(digits)) return digits;
  throw new InvalidArgumentError('A Heap app id consists of digits.');
}
