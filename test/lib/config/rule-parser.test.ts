import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mappingJsonSchema, parseMappingRules, readMappingRules } from '../../../lib/config/rule-parser';

const file = 'config/mappings/purchase.json';
const parse = (text: string): ReturnType<typeof parseMappingRules> =>
  parseMappingRules(file, 'purchase', text);

function problems(text: string): string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

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

test('a rule is read as it stands, named after its file', () => {
  expect(parse(JSON.stringify(purchase))).toEqual([{ ...purchase, name: 'purchase' }]);
});

test('a file may hold a list of rules, and name its JSON Schema', () => {
  const rules = parse(JSON.stringify([{ $schema: '../mapping.schema.json', ...purchase }, purchase]));
  expect(rules).toEqual([
    { ...purchase, name: 'purchase[0]' },
    { ...purchase, name: 'purchase[1]' },
  ]);
});

test.each([
  [
    '{"when":{"event":"P"},}',
    [
      `${file}:1:23: is not JSON: a name in double quotes must stand here; if a comma stands before it, take that out`,
    ],
  ],
  ['[]x', [`${file}:1:3: is not JSON: put this word in double quotes`]],
  ['{"when":{"event":"P"},"send":{},"send":{}}', [`${file}:1:33: send: stands here twice; take one out`]],
  [
    '[{"when":{"event":"P"},"send":{"properties":{"a":1,"b":2,"a":3}}}]',
    [`${file}:1:58: a: stands here twice; take one out`],
  ],
  [
    '{"when":{"event":"P"},"send":{"identity":" ","event":""}}',
    [
      `${file}:1:42: send.identity: must not be blank; leave it out for the default`,
      `${file}:1:54: send.event: must not be blank; leave it out for the default`,
    ],
  ],
  [
    '{"when":{"event":"P"},"send":{"idempotency_key":"x"}}',
    [`${file}:1:49: send.idempotency_key: must hold an output such as {{ Event.order_id }}`],
  ],
  [
    '{"when":{"event":"P"},"send":{"properties":{"":1,"a":{"constructor":2}}}}',
    [
      `${file}:1:48: send.properties.: a property needs a name`,
      `${file}:1:69: send.properties.a.constructor: must have another name: this one is not accepted`,
    ],
  ],
  ['5', [`${file}:1:1: rule: must be a rule: an object with when and send`]],
  ['{"send":{}}', [`${file}:1:1: when: must be an object such as { "event": "Purchase" }`]],
  ['{"when":{},"send":{}}', [`${file}:1:9: when: must name an event or a campaign`]],
  ['{"when":{"event":" "},"send":{}}', [`${file}:1:18: when.event: must be the name of an event`]],
  [
    '{"when":{"campaign":"x"},"send":{}}',
    [`${file}:1:21: when.campaign: must be the id of a campaign: the targetId of its webhooks, in digits`],
  ],
  [
    '{\n  "when": { "event": "P" },\n  "send": { "propertys": {} }\n}',
    [
      `${file}:3:26: send.propertys: unknown key; the JSON Schema config/mapping.schema.json lists the known ones`,
    ],
  ],
  [
    '{"when":{"event":"P"},"send":{"identity":5}}',
    [`${file}:1:42: send.identity: must be a text, which may be a template`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"types":{"value":"money"}}',
    [`${file}:1:50: types.value: must be one of number, string, boolean, date`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"spread":["Profile"]}',
    [`${file}:1:43: spread.0: must be one of Event, KeyValues`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"spread":"Event"}',
    [`${file}:1:42: spread: must be a list of Event, KeyValues`],
  ],
  [
    '{"when":{"event":"P"},"send":{},"types":5}',
    [`${file}:1:41: types: must be an object such as { "value": "number" }`],
  ],
  [
    '{"when":{"event":"P"},"send":{"timestamp":true}}',
    [`${file}:1:43: send.timestamp: must be a number or a template`],
  ],
  [
    '{"when":{"event":"P"},"send":{"app_id":"{{ Profile.x"}}',
    [
      `${file}:1:40: send.app_id: output "{{ Profile.x" not closed, in the template "{{ Profile.x"; close it with }}`,
    ],
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
])('the broken template %s fails wherever it stands, and is shown (F38)', (template, problem, remedy) => {
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
    `${file}:6:17: send.identity: ${shown}`,
    `${file}:11:11: send.properties.a.b.1: ${shown}`,
    `${file}:17:13: userProperties.plan: ${shown}`,
  ]);
});

test('a file that is not there is named', () => {
  expect(() => readMappingRules(['no-such-file'])).toThrow(
    'config/mappings/no-such-file.json: cannot be read',
  );
});

test('config/mapping.schema.json is the schema of the rules (`npm run schema`)', () => {
  const committed = readFileSync(join(__dirname, '../../../config/mapping.schema.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(mappingJsonSchema()));
});
