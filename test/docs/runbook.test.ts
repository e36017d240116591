import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf } from '../support/markdown';
import { compositeAlarms, metricAlarms } from '../support/observed-metrics';
import { synthesizedTemplate } from '../support/synthesized';
import { resource } from '../support/template';

const docs = join(__dirname, '../../docs');
const page = readFileSync(join(docs, 'runbook.md'), 'utf8');
const sections = page.split(/^## /m).slice(1);
const headingOf = (section: string): string => section.split('\n')[0] ?? '';

const template = synthesizedTemplate('allSettings');
const names = [...metricAlarms(template), ...compositeAlarms(template)].map(({ Properties }) =>
  Properties.AlarmName.replace(/^.*-/, ''),
);

test('docs/runbook.md has exactly one heading per alarm', () => {
  const alarms = sections.map(headingOf).filter((heading) => /^[A-Z]\w+$/.test(heading));
  expect(alarms.sort()).toEqual([...names].sort());
});

const parts = ['Meaning', 'Likely causes', 'Look at', 'Do', 'Do not'];

/** The parts of an alarm's section, by name. */
function partsOf(name: string): Map<string, string> {
  const section = sections.find((one) => headingOf(one) === name) ?? '';
  return new Map(
    [...section.matchAll(/^- \*\*([A-Z][a-z ]+)\.\*\*([^]*?)(?=^- \*\*|(?![^]))/gm)].map(
      ([, part = '', text = '']) => [part, text.trim()],
    ),
  );
}

test.each(names)(
  '%s has every part: meaning, causes, what to look at, what to do and what not to do',
  (name) => {
    const found = partsOf(name);
    // An alarm that accompanies another one may refer to it for everything but its meaning.
    const [, other] = /^As for \[(\w+)\]/.exec(found.get('Otherwise') ?? '') ?? [];
    expect([...found.keys()]).toEqual(other === undefined ? parts : ['Meaning', 'Otherwise']);
    expect([...partsOf(other ?? name).keys()]).toEqual(parts);
    for (const text of found.values()) expect(text.length).toBeGreaterThan(15);
    expect(page.split(/^## /m)[0]).toContain(`[${name}](#${anchorOf(name)})`);
  },
);

describe('its queries', () => {
  const queries = [...page.matchAll(/^ *```(\w*)\n(.*?)\n *```$/gms)]
    .filter(([, language]) => language === '')
    .map(([, , query = '']): [string, string] => [query.replaceAll('\n', ' '), query]);
  const accessLog = Object.keys(
    JSON.parse(
      resource<{ AccessLogSetting: { Format: string } }>(template, 'AWS::ApiGateway::Stage').Properties
        .AccessLogSetting.Format,
    ) as object,
  );
  /** Fields of the function's own log lines, and those that Lambda and CloudWatch add. */
  const forwarderLog = [
    ...['level', 'message', 'reason', 'detail', 'events', 'requestId', 'outcome', 'status', 'problem'],
    ...['delivered', 'retried', 'messagesContinued', '@type', '@duration', '@maxMemoryUsed'],
  ];
  const everywhere = ['@message', '@timestamp'];

  test('exist for both logs', () => {
    expect(queries.length).toBeGreaterThan(10);
    expect(queries.some(([, query]) => query.includes('integrationStatus'))).toBe(true);
  });

  test.each(queries)('%s', (_, query) => {
    const read = query
      // Removes strings, patterns, and names that the query defines.
      .replace(/"[^"]*"|\/[^/\n]*\//g, '')
      .replace(/ as \w+/g, '');
    const named = [...query.matchAll(/ as (\w+)/g)].map(([, name]) => name);
    const keywords =
      /^(filter|like|fields|sort|limit|stats|by|desc|and|or|count|sum|max|avg|pct|bin|ispresent|PASTE|m)$/;
    const words = [...read.matchAll(/@?[A-Za-z]\w*/g)]
      .map(([word]) => word)
      .filter((word) => !keywords.test(word) && !named.includes(word));
    expect(words.length).toBeGreaterThan(0);
    const inOne = [accessLog, forwarderLog].some((log) =>
      words.every((word) => log.includes(word) || everywhere.includes(word)),
    );
    expect([words, inOne]).toEqual([words, true]);
  });
});
