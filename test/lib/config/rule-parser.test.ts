import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { parseRules, type ParsedRules } from '../../../lib/config/rule-parser';

const parse = (text: string): ParsedRules => parseRules('purchase', text);

const problems = (text: string): string[] =>
  parse(text).errors.map(
    ({ line, column, key, message }) => `${line}:${column}: ${key === undefined ? '' : `${key}: `}${message}`,
  );

const purchase = {
  when: { event: 'Purchase', campaign: 1650000001 },
  send: {
    app_id: '<app id>',
    identity: '{{ Profile.Email }}',
    event: 'Purchase',
    properties: {
      value: '{{ Profile.wallet_balance }}',
      nested: { list: ['{{ Event["Item Name"] }}', 1, true, null] },
    },
  },
  types: { value: 'number' },
  spread: ['Event', 'KeyValues'],
  userProperties: { plan: '{{ Profile.plan }}' },
};

test('a rule is read unchanged and named after its file', () => {
  expect(parse(JSON.stringify(purchase)).rules).toEqual([{ ...purchase, name: 'purchase' }]);
});

test('a file may hold a list of rules, and name its JSON Schema', () => {
  const { rules } = parse(JSON.stringify([{ $schema: '../mapping.schema.json', ...purchase }, purchase]));
  expect(rules).toEqual([
    { ...purchase, name: 'purchase[0]' },
    { ...purchase, name: 'purchase[1]' },
  ]);
});

test.each([
  [
    '{"when":{"event":"P"},}',
    [`1:23: invalid JSON: expected a name in double quotes; remove a trailing comma`],
  ],
  ['[]x', [`1:3: invalid JSON: put this word in double quotes`]],
  ['{"when":{"event":"P"},"send":{},"send":{}}', [`1:33: send: duplicate key; remove one`]],
  [
    '[{"when":{"event":"P"},"send":{"properties":{"a":1,"b":2,"a":3}}}]',
    [`1:58: a: duplicate key; remove one`],
  ],
  [
    '{"when":{"event":"P"},"send":{"identity":" ","event":""}}',
    [
      `1:42: send.identity: must not be blank; leave it out for the default`,
      `1:54: send.event: must not be blank; leave it out for the default`,
    ],
  ],
  [
    '{"when":{"event":"P"},"send":{"idempotency_key":"x"}}',
    [`1:49: send.idempotency_key: must contain an output such as {{ Event.order_id }}`],
  ],
  [
    '{"when":{"event":"P"},"send":{"properties":{"":1,"a":{"constructor":2}}}}',
    [
      `1:48: send.properties.: must have a name`,
      `1:69: send.properties.a.constructor: must have another name: this one is not accepted`,
    ],
  ],
  ['5', [`1:1: rule: must be a rule: an object with when and send`]],
  ['{"send":{}}', [`1:1: when: must be an object such as { "event": "Purchase" }`]],
  ['{"when":{},"send":{}}', [`1:9: when: must name an event or a campaign`]],
  ['{"when":{"event":" "},"send":{}}', [`1:18: when.event: must be the name of an event`]],
  [
    '{"when":{"campaign":"x"},"send":{}}',
    [`1:21: when.campaign: must be a campaign id: the targetId of its webhooks, in digits`],
  ],
  [
    '{\n  "when": { "event": "P" },\n  "send": { "propertys": {} }\n}',
    [`3:26: send.propertys: unknown key; the JSON Schema mapping.schema.json lists the known ones`],
  ],
  [
    '{"when":{"event":"P"},"send":{"identity":5}}',
    [`1:42: send.identity: must be a string, which may be a template`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"types":{"value":"money"}}',
    [`1:50: types.value: must be one of number, string, boolean, date`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"spread":["Profile"]}',
    [`1:43: spread.0: must be one of Event, KeyValues`],
  ],
  ['{"when":{"event":"P"},"send":{},"spread":"Event"}', [`1:42: spread: must be a list of Event, KeyValues`]],
  [
    '{"when":{"event":"P"},"send":{},"types":5}',
    [`1:41: types: must be an object such as { "value": "number" }`],
  ],
  [
    '{"when":{"event":"P"},"send":{"timestamp":true}}',
    [`1:43: send.timestamp: must be a number or a template`],
  ],
  [
    '{"when":{"event":"P"},"send":{"app_id":"{{ Profile.x"}}',
    [`1:40: send.app_id: output "{{ Profile.x" not closed, in the template "{{ Profile.x"; close it with }}`],
  ],
])('%s is refused with line, column, key and remedy', (text, expected) => {
  expect(problems(text)).toEqual(expected);
});

test.each([
  [
    '{{ Profile.x | jsonn }}',
    'undefined filter: jsonn',
    'correct its name: docs/configuration.md lists the filters',
  ],
  ['{{ Profile.x', 'output "{{ Profile.x" not closed', 'close it with }}'],
  ['{% iff %}', 'tag "iff" not found', 'correct its name: docs/configuration.md lists the tags'],
  [
    "{% include '/etc/hostname' %}",
    'tag "include" not found',
    'correct its name: docs/configuration.md lists the tags',
  ],
  ['{% if Profile.x %}', 'tag {% if Profile.x %} not closed', 'end it with its end tag, such as {% endif %}'],
  ['{% if Profile.x', 'tag "{% if Profile.x" not closed', 'close it with %}'],
])('the broken template %s is refused and shown at any depth (F38)', (template, problem, remedy) => {
  const text = JSON.stringify(
    {
      when: { event: 'P' },
      send: { identity: template, properties: { a: { b: ['x', template] } } },
      userProperties: { plan: template },
    },
    null,
    2,
  );
  const shown = `${problem}, in the template ${JSON.stringify(template)}; ${remedy}`;
  expect(problems(text)).toEqual([
    `6:17: send.identity: ${shown}`,
    `11:11: send.properties.a.b.1: ${shown}`,
    `17:13: userProperties.plan: ${shown}`,
  ]);
});

test('returns no rules if there is a mistake', () => {
  const [good, bad] = [
    { when: { event: 'P' }, send: {} },
    { when: {}, send: {} },
  ];

  expect(parse(JSON.stringify([good])).rules).toHaveLength(1);
  expect(parse(JSON.stringify([good, bad]))).toMatchObject({ rules: [], errors: [{ key: '1.when' }] });
});

test('accepts a byte order mark, which Windows editors write', () => {
  expect(parse(`\uFEFF${JSON.stringify(purchase)}`).rules).toHaveLength(1);
  expect(parse('\uFEFF{"when":1}').errors).toEqual(parse('{"when":1}').errors);
});

test('a browser page can bundle the parser, which needs neither Node nor CDK and reports the same', async () => {
  // esbuild cannot resolve a Node module for a browser: the build would fail.
  const { outputFiles, metafile } = await build({
    entryPoints: [join(__dirname, '../../../lib/config/rule-parser.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'parser',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  expect([...new Set(packages)].sort()).toEqual(['jsonc-parser', 'liquidjs', 'zod']);

  const page = createContext({ TextEncoder, URL });
  runInContext(outputFiles[0]?.text ?? '', page);
  const parseInPage = (text: string): unknown =>
    JSON.parse(
      runInContext(`JSON.stringify(parser.parseRules('purchase', ${JSON.stringify(text)}))`, page) as string,
    );
  for (const text of [
    JSON.stringify(purchase),
    '{"send":{}}',
    '{',
    '{"when":{"event":"P"},"send":{"identity":"{{"}}',
  ])
    expect(parseInPage(text)).toEqual(JSON.parse(JSON.stringify(parse(text))));
});
