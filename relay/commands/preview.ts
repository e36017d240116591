import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { decodePathEvent } from '../../lambda/clevertap/decode-message';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import type { MappingRule, MappingSettings } from '../../lambda/mapping/rule-format';
import {
  parseEnvironment,
  type EnvironmentConfig,
  type EnvironmentSettings,
} from '../../lib/config/environment-config';
import { readEnvironment } from '../../lib/config/environments';
import { mappingOf, rulesOf } from '../../lib/config/rule-files';
import { hasEnvironments } from '../options';
import { endpointAnswer } from '../preview/endpoint-answer';
import { previewPayload, unknownAppId, type PreviewReport } from '../preview/preview';
import { printAnswer, printReport } from '../preview/print-preview';
import { otherEncoding } from '../preview/text-encoding';
import type { Sample } from '../samples';
import { OperatorError } from '../terminal/operator-error';
import { readBytes, readPayload } from '../terminal/payload';

interface Options {
  env: string;
  /** Rule files that replace those of the environment. */
  rule?: readonly string[];
  /** As written in a URL. */
  event?: string;
  json?: boolean;
  appId?: string;
  sample?: Sample;
}

/** The settings for a preview in the npm package, which has no environments: everything that matters is at its default. */
const defaults: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  alarms: 'none',
};

/** Shows what Heap would get for a payload. Needs neither network nor secrets. */
export async function preview(file: string | undefined, options: Options): Promise<void> {
  const config = hasEnvironments ? readEnvironment(options.env) : parseEnvironment('', defaults);
  // Report mistakes in rules before waiting for standard input.
  const mapping = compileMapping(mappingSettings(config, options.rule), createLiquid().parse);
  const payload = await readPayload(file, options.sample);
  const endpoint = endpointAnswer(payload, options.event);
  const isStored = endpoint.status === 200;
  // A payload that is not stored becomes no event.
  const report: PreviewReport = isStored
    ? previewPayload(payload.toString('utf8'), options.event && decodePathEvent(options.event), {
        appId: options.appId,
        receivedAt: Date.now(),
        requestId: 'preview',
        identityOrder: config.identityOrder,
        dedupeWindowMs: config.dedupeWindowMinutes * 60_000,
        mapping,
        sha256: (value) => hash('sha256', value),
      })
    : { events: [], requests: [] };
  const blocks = [
    printAnswer(endpoint),
    isStored ? printReport(report) : undefined,
    isStored ? notes(report, options) : 'Nothing was sent.',
  ];
  console.log(
    options.json === true
      ? JSON.stringify({ ...report, endpoint })
      : blocks.filter((block) => block !== undefined).join('\n\n'),
  );
  if (!isStored || report.events.some(({ outcome }) => outcome === 'rejected')) process.exitCode = 1;
}

/** The environment's settings, with the rules of other files if any are given. */
function mappingSettings(config: EnvironmentConfig, files: readonly string[] | undefined): MappingSettings {
  if (files === undefined) return mappingOf(config, console.warn);
  return { ...mappingOf({ ...config, mappings: [] }), rules: files.flatMap(readRules) };
}

/** @throws {OperatorError} or {EnvironmentConfigError} naming the file, line, column and key of every mistake */
function readRules(file: string): MappingRule[] {
  const bytes = readBytes(file);
  const encoding = otherEncoding(bytes);
  if (encoding !== undefined) {
    const found = encoding === 'other' ? 'not UTF-8' : encoding;
    throw new OperatorError(`cannot read ${file}: it is ${found}; a rule file is JSON in UTF-8`);
  }
  return rulesOf(file, basename(file, '.json'), bytes.toString('utf8'), console.warn);
}

function notes({ events, requests }: PreviewReport, { env, appId, rule: files }: Options): string {
  const whose = hasEnvironments ? `the settings of the environment ${env}` : 'the default settings';
  const lines = [`Nothing was sent. These are ${whose}.`];
  if (files !== undefined) {
    lines.push(`Its rules were replaced by those of ${files.join(', ')}.`);
    if (events.some(({ outcome, rule }) => outcome === 'delivered' && rule === null)) {
      lines.push(
        'Events with the default mapping matched no rule: compare "when" with their name and campaign.',
      );
    }
  }
  if (requests.length > 0) {
    lines.push('A real event has its own arrival time, so its idempotency_key differs.');
    if (appId === undefined) {
      lines.push(
        `${unknownAppId} replaces the app id of the environment. Pass it with --app-id to`,
        'show it here and compare it with an app_id in the payload.',
      );
    }
  }
  return lines.join('\n');
}
