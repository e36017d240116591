import { hash } from 'node:crypto';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { EnvironmentConfigError } from '../../../lib/config/environment-config';
import { rulesOf } from '../../../lib/config/rule-files';
import { previewPayload, type PreviewReport } from '../../../relay/preview/preview';
import { printReport } from '../../../relay/preview/print-preview';

const preview = (send: MappingRule['send'], properties: object = {}): PreviewReport =>
  previewPayload(JSON.stringify({ identity: 'cust-77', event: 'T', properties }), undefined, {
    appId: '11',
    receivedAt: 1_800_000_000_000,
    requestId: 'preview',
    identityOrder: ['identity', 'email'],
    dedupeWindowMs: 600_000,
    mapping: compileMapping(
      { ...noMapping, rules: [{ name: 'purchase', when: { event: 'T' }, send }] },
      createLiquid().parse,
    ),
    sha256: (value) => hash('sha256', value),
  });

const printed = (report: PreviewReport): string =>
  printReport({ ...report, requests: [] }).replace(/\s+/g, ' ');

test('outputs without a value are listed, each once', () => {
  const template = '{{ Event.price | times: Event.qty }}';
  const report = preview(
    { properties: { p: template, q: `${template} €`, r: 'x{{ Event.none }}' } },
    { price: 5 },
  );

  expect(report.events[0]?.missingOutputs).toEqual([template, '{{ Event.none }}']);
  expect(printed(report)).toContain(`No value ${template}, {{ Event.none }} Changes none`);
});

test('without such outputs neither the report nor the JSON mentions them', () => {
  const report = preview({ properties: { p: '{{ Event.price }}' } }, { price: 5 });

  expect(printed(report)).not.toMatch(/No value|Empty/);
  expect(Object.keys(report.events[0] ?? {})).not.toContain('missingOutputs');
});

test('a rule that renders its event to nothing is reported, with what to do', () => {
  const report = preview({ event: '{{ Event.none }}' });

  expect(report.events[0]).toMatchObject({
    outcome: 'rejected',
    reason: 'missing_event_name',
    detail: 'the rule purchase rendered its event to nothing',
    missingOutputs: ['{{ Event.none }}'],
  });
  expect(printed(report)).toContain('To do Correct the template "event" of this rule');
});

test('an empty string is reported', () => {
  expect(printed(preview({ properties: { p: '{{ Event.v }}', q: '' } }, { v: '' }))).toContain(
    'Empty "p", "q": sent as an empty string',
  );
});

test('a list of outputs fits 80 columns, even with line breaks in the templates', () => {
  const report = preview({ properties: { p: '{% liquid\n echo Event.a\n echo Event.b\n%}'.repeat(9) } });

  for (const line of printReport({ ...report, requests: [] }).split('\n')) {
    expect(line.length).toBeLessThanOrEqual(80);
  }
});

describe('the warnings of a rule file', () => {
  const text = '{ "when": { "event": "T" }, "send": {},\n  "types": { "valeu": "number" } }';

  test('name file, line, column and key, and the rules apply', () => {
    const warnings: string[] = [];

    expect(
      rulesOf('config/mappings/purchase.json', 'purchase', text, (line) => warnings.push(line)),
    ).toHaveLength(1);
    expect(warnings).toEqual([
      'config/mappings/purchase.json:2:23: types.valeu: no property or spread group produces a single value of this name; correct the name',
    ]);
  });

  test('are not printed if the file has a mistake', () => {
    const warn = jest.fn();

    expect(() => rulesOf('f', 'f', `[${text}, {}]`, warn)).toThrow(EnvironmentConfigError);
    expect(warn).not.toHaveBeenCalled();
  });
});
