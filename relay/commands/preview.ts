import { hash } from 'node:crypto';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import { readEnvironment } from '../../lib/config/environments';
import { mappingOf } from '../../lib/config/rule-files';
import { readPayload } from '../terminal/payload';
import { previewPayload, printReport, unknownAppId, type PreviewReport } from './preview-report';

interface Options {
  env: string;
  event?: string;
  json?: boolean;
  appId?: string;
}

/** Shows what Heap would get for a payload, without network and secrets. */
export async function preview(file: string | undefined, options: Options): Promise<void> {
  const config = readEnvironment(options.env);
  const report = previewPayload(await readPayload(file), options.event, {
    appId: options.appId,
    receivedAt: Date.now(),
    requestId: 'preview',
    identityOrder: config.identityOrder,
    dedupeWindowMs: config.dedupeWindowMinutes * 60_000,
    mapping: compileMapping(mappingOf(config), createLiquid().parse),
    sha256: (value) => hash('sha256', value),
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
