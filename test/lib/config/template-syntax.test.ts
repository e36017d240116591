import * as fc from 'fast-check';
import { createEngine } from '../../../lambda/mapping/liquid';
import { scopeNames } from '../../../lambda/mapping/rule-format';
import { parseRules, type RuleError } from '../../../lib/config/rule-parser';
import { argumentCounts, readTemplate, TemplateSyntaxError } from '../../../lib/config/template-syntax';

const engine = createEngine(false);

/** The error for a rule with this template as a property. */
const errorsOf = (template: string): readonly RuleError[] =>
  parseRules('rule', JSON.stringify({ when: { event: 'T' }, send: { properties: { p: template } } })).errors;

const saidOf = (template: string): string =>
  errorsOf(template)
    .map(({ message }) => message)
    .join('\n');

describe('tokens after an expression (F36)', () => {
  it.each([
    ['{{ Event.Order Id }}', 'Id', 'write Event["Order Id"]'],
    ['{{ Event.Order  Id }}', 'Id', 'write Event["Order Id"]'],
    ['{{ Event.Order Id | upcase }}', 'Id', 'write Event["Order Id"]'],
    ['{{ Event.a.Total Order Value }}', 'Order', 'write Event.a["Total Order Value"]'],
    ['{{ Profile email }}', 'email', 'write Profile["email"]'],
    ['{{ Profile customer type }}', 'customer', 'write Profile["customer type"]'],
    ['{{ Event.x | default: Event.Order Id }}', 'unexpected character', undefined],
    ['{{ Event.x | append: Event["a"] Id }}', 'unexpected character', undefined],
    ['{% if Event.price > 10 extra %}a{% endif %}', 'extra', 'remove it'],
    ['{% if Event.Order Id > 10 %}a{% endif %}', 'Id', 'write Event["Order Id"]'],
    ['{% if Event.Order Id and Event.b %}a{% endif %}', 'Id', 'write Event["Order Id"]'],
    ['{% if Event.a %}{% elsif Event.Order Id == 1 %}a{% endif %}', 'Id', 'write Event["Order Id"]'],
    ['{% unless Event.Order Id %}a{% endunless %}', 'Id', 'write Event["Order Id"]'],
    ['{% case Event.Order Id %}{% when 1 %}a{% endcase %}', 'Id', 'write Event["Order Id"]'],
    ['{% case Event.a %}{% when 1 2 %}a{% endcase %}', '2', 'remove it'],
    ['{% case Event.a %}{% when Event.Order Id %}a{% endcase %}', 'Id', 'write Event["Order Id"]'],
    ["{% case Event.a %}{% when 'a' | upcase %}a{% endcase %}", '|', 'remove it'],
    ['{% for x in Event.my items %}{{ x }}{% endfor %}', 'items', 'write Event["my items"]'],
    ['{% for x in Event.my items limit: 2 %}{{ x }}{% endfor %}', 'items', 'write Event["my items"]'],
    ['{% for x in Event.l limits: 2 %}{{ x }}{% endfor %}', 'limits', 'remove it'],
    ['{% for x in Event.l limit: 2 3 %}{{ x }}{% endfor %}', '3', 'remove it'],
    ['{% tablerow x in Event.my items %}{{ x }}{% endtablerow %}', 'items', 'write Event["my items"]'],
    ['{% assign x = Event.Order Id %}{{ x }}', 'Id', 'write Event["Order Id"]'],
    ["{% cycle 'a' b, 'c' %}", 'b', 'remove it'],
    ["{% cycle Event.Order Id, 'c' %}", 'Id', 'write Event["Order Id"]'],
    ['{% echo Event.Order Id %}', 'Id', 'write Event["Order Id"]'],
    ['{% liquid\n assign x = Event.Order Id\n echo x %}', 'Id', 'write Event["Order Id"]'],
    ['{{ Event.a | times: 1,000 }}', '000', 'remove it'],
    ['{{ Event.a | times: Event.b | upcase: 1 }}', '1', 'remove it'],
    ["{{ Event.a | append: 'x', 'y' }}", 'y', 'remove it'],
    ['{{ Event.a, Event.b }}', ',', 'remove it'],
    ['{{ Event.a ) }}', ')', 'remove it'],
    ['{{ Event.a. }}', '.', 'remove it'],
    ['{{ Event[a b] }}', 'a b', 'write Event["a b"]'],
    ['{{ Event["a" b] }}', 'b', 'write Event["'],
    ['{{ Event["a" | upcase] }}', '"a" | upcase', 'write'],
    ['{{ Event[] }}', '', 'write Event[""]'],
    ['{{ Event[Event[a b]] }}', 'a b', 'write Event["a b"]'],
    ['{% capture x y %}a{% endcapture %}{{ x }}', 'y', 'remove it'],
    ['{% increment x y %}', 'y', 'remove it'],
    ['{% increment x.y %}', '.y', 'remove it'],
    ['{% decrement x | plus: 1 %}', '|', 'remove it'],
    ['{% for x in Event.l %}{% break now %}{% endfor %}', 'now', 'remove it'],
    ['{% for x in Event.l %}{% continue if x %}{% endfor %}', 'if', 'remove it'],
    ['{% unless Event.a %}a{% else if Event.b %}b{% endunless %}', 'if', 'remove it'],
    ['{% case Event.a %}{% when 1 %}a{% endcase x %}', 'x', 'remove it'],
    ['{% capture x %}a{% endcapture x %}{{ x }}', 'x', 'remove it'],
    ['{% abort now %}', 'now', 'remove it'],
    ["{% if Event.a == 'x %}a{% endif %}", 'a quote is not closed', 'close it'],
    ['{{ .Event.price }}', 'the dot', 'remove it'],
    ['{{ .Event }}', 'the dot', 'remove it'],
    ['{% if .Event.a %}a{% endif %}', 'the dot', 'remove it'],
    ['{{ Event.a | append: .Event.b }}', 'the dot', 'remove it'],
    ['{{ Event . a }}', '.', 'remove it'],
    ['{{ Event .a }}', '.a', 'remove the space before it'],
    ['{{ Event ["a"] }}', 'would be ignored', 'remove the space before it'],
    ['{% case Event.a %}{{ Event.b }}{% when 1 %}x{% endcase %}', '"{{" before the first when', 'move it'],
    ['{% case Event.a %} text {% when 1 %}x{% endcase %}', '"text" before the first when', 'move it'],
    ['{% case Event.a %}{% assign x = 1 %}{% when 1 %}x{% endcase %}', 'before the first when', 'move it'],
    ['{% case Event.a %}text{% else %}x{% endcase %}', '"text" before the first when', 'move it'],
    ['{% case Event.a %}text{% endcase %}', '"text" before the first when', 'move it'],
    [
      '{% case Event.a %}{% when 1 %}{% case Event.b %}text{% when 1 %}x{% endcase %}{% endcase %}',
      '"text" before',
      'move it',
    ],
    ['{% liquid\n case Event.a\n echo Event.b\n when 1\n echo 1\n endcase %}', '"echo" before', 'move it'],
    [
      '{% case Event.a %}{% when 1 %}a{% else %}b{% when 2 %}c{% endcase %}',
      'when after else',
      'use one else',
    ],
    ['{% case Event.a %}{% when 1 %}a{% else %}b{% else %}c{% endcase %}', 'else after else', 'use one else'],
    [
      '{% unless Event.a %}a{% else %}b{% elsif Event.c %}c{% endunless %}',
      'elsif after else',
      'use one else',
    ],
    ['{% unless Event.a %}a{% else %}b{% else %}c{% endunless %}', 'else after else', 'use one else'],
  ])('is refused: %s', (template, found, remedy) => {
    const said = saidOf(template);

    expect(said).toContain(found);
    expect(said).toContain(`in the template ${JSON.stringify(template)}`);
    if (remedy !== undefined) expect(said).toContain(`; ${remedy}`);
  });

  it.each([
    ['{{ Event.a | }}', 'the name of a filter is missing at the end'],
    ['{{ Event.a | upcase | }}', 'the name of a filter is missing at the end'],
    ['{{ Event.a | append: }}', 'a value is missing at the end'],
    ["{{ Event.a | append: 'x', }}", 'a value is missing at the end'],
    ['{{ Event.a | default: 1, allow_false: }}', 'a value is missing at the end'],
    ['{% if Event.a > %}a{% endif %}', 'a value is missing at the end'],
    ['{% if Event.a and %}a{% endif %}', 'a value is missing at the end'],
    ['{% if Event.a and or Event.b %}a{% endif %}', 'a value is missing before "or"'],
    ['{% if not %}a{% endif %}', 'a value is missing at the end'],
    ["{% cycle 'a', %}", 'a value is missing at the end'],
    ['{% increment %}', 'a name is missing at the end'],
    ['{% for x in Event.l limit %}{{ x }}{% endfor %}', 'a colon after limit is missing at the end'],
  ])('so is what is missing: %s', (template, found) => {
    expect(saidOf(template)).toContain(found);
  });

  it.each([
    'text { without } any % template',
    '{{ Event.a }}',
    '{{Event.a}}',
    '{{- Event.a -}}',
    '{{ Event["Order Id"] }}',
    "{{ Event['Order Id'].a[0]['b'][Event.k].c }}",
    '{{ Event[ "a" ] }}',
    '{{ ["Event"].a }}',
    "{{ Event['a]b'] }}",
    "{{ 'it\\'s' | append: Event.a }}",
    '{{ Event.größe }}',
    '{{ Event.a-b }}',
    '{{ -5 | abs }}',
    '{{ 1.5 | plus: -2 }}',
    '{{ (1..3) | join: "-" }}',
    '{% for i in (1..Event.n) %}{{ i }}{% endfor %}',
    '{{ Event.a | default: Event.b, allow_false: true | replace: "x", "y" }}',
    '{{ Event.a == 1 and not Event.b or Event.c contains "x" }}',
    '{% if not Event.a %}a{% elsif Event.b != blank %}b{% else %}c{% endif %}',
    '{% unless Event.a %}a{% else %}b{% endunless %}',
    "{% case Event.a %}{% when 'x', 'y' or 'z' %}a{% when empty %}b{% else %}c{% endcase %}",
    '{% for x in Event.l limit: 2 offset: 1 reversed %}{{ x.a }}{{ forloop.index }}{% break %}{% else %}n{% endfor %}',
    '{% for x in Event.l limit: 2, offset: continue %}{% continue %}{% endfor %}',
    '{% tablerow x in Event.l cols: 2, limit: 4 %}{{ x }}{{ tablerowloop.col }}{% endtablerow %}',
    "{% cycle 'a', 'b' %}{% cycle 'g': 'a', 'b' %}{% cycle 'a' %}",
    '{% for x in Event.l %}{% cycle x, forloop.index %}{% endfor %}',
    '{% assign x = Event.a | times: 2 %}{{ x }}',
    '{% capture x %}a{{ Event.a }}{% endcapture %}{{ x }}',
    '{% increment x %}{% decrement x %}{{ x }}',
    '{% echo Event.a | upcase %}{% echo %}',
    "{% liquid\n assign x = Event.a\n if x\n echo x | append: 'b'\n endif\n # note this\n %}",
    '{% raw %}{{ Event.a b }}{% if %}{% endraw %}',
    'a{% comment %}{{ Event.a b }}{% if x y %}{% endcomment %}b',
    '{% comment a note %}x{% endcomment %}',
    '{% # a note %}',
    '{% if Event.a %}{% abort %}{% endif %}',
    "{{ 'now' | date: '%Y' }}{{ \"today\" | date_tz: '%Y', 'Europe/Paris' }}",
    '{{ Profile.a }}{{ Event.a }}{{ KeyValues.a }}{{ Campaign.id }}{{ Received.at }}{{ Path.event }}{{ Body.a }}',
    '{{ Event.order }}{{ Event.orders }}{{ Event.android }}{{ Event.contains }}{{ Event.not }}',
    '{% case Event.a %}\n {% # a note %} {% comment %}x{{ y z }}{% endcomment %}\n{% when 1 %}a{% endcase %}',
    '{% case Event.a %}{% when 1 %}{% if Event.b %}x{% else %}y{% endif %}z{% when 2 %}b{% else %}c{% endcase %}',
    '{% case Event.a %}{% else %}c{% endcase %}',
    '{% if Event.a %}{% unless Event.b %}a{% else %}b{% endunless %}{% else %}c{% endif %}',
    "{% assign a = Event.l | where: 'x', true | map: 'y' | join: ', ' %}{{ a }}",
  ])('and this is read: %s', (template) => {
    expect(errorsOf(template)).toEqual([]);
  });

  it.each([
    ['truncate: 1,000', '000'],
    ['truncate: 1,500', '500'],
    ['truncatewords: 1,000', '000'],
    ['divided_by: 1,000', '000'],
    ['slice: 0, 1,000', '000'],
    ['date: "%Y", "UTC", "x"', '"x"'],
    ['map: "x", "y"', '"y"'],
    ['where: "a", "b", "c"', '"c"'],
    ['concat: Event.a, Event.b', 'Event.b'],
    ['default: "a", "b"', '"b"'],
    ['default: "a", allow_false: true, "b"', '"b"'],
    ['uniq: 1', '1'],
    ['escape: 1', '1'],
    ['url_encode: "x"', '"x"'],
    ['url_escape: 1', '1'],
    ['sort: "a", "b"', '"b"'],
    ['json: 2, 3', '3'],
    ['strip: "a", "b"', '"b"'],
  ])('no argument too many is ignored: %s', (filter, found) => {
    expect(saidOf(`{{ Event.l | ${filter} }}`)).toContain(`${JSON.stringify(found)} would be ignored`);
  });

  it.each([
    ...[
      'strip: "-"',
      'lstrip: "0"',
      'rstrip: Event.chars',
      'truncate: 10, ""',
      'truncatewords: 3, Event.more',
    ],
    ...['divided_by: 2, true', 'slice: 0,100', 'date: "%Y", "UTC"', 'default: 1, allow_false: true'],
    ...['default: allow_false: true, 1', 'where: "a", "b"', 'json: 2', 'replace: "a", 1'],
  ])('and what a filter reads is accepted: %s', (filter) => {
    expect(errorsOf(`{{ Event.l | ${filter} }}`)).toEqual([]);
  });

  it('knows how many arguments each filter of the engine reads', () => {
    expect([...argumentCounts.keys()].sort()).toEqual(Object.keys(engine.filters).sort());
    for (const filter of Object.keys(engine.filters)) {
      const argumentsOf = (count: number): string => Array(count).fill('Event.a').join(', ');
      const count = argumentCounts.get(filter) ?? NaN;
      expect(errorsOf(`{{ Event.l | ${filter}${count > 0 ? ':' : ''} ${argumentsOf(count)} }}`)).toEqual([]);
      expect(saidOf(`{{ Event.l | ${filter}: ${argumentsOf(count + 1)} }}`)).toContain('would be ignored');
    }
  });

  it.each(['where', 'reject', 'find', 'find_index', 'group_by', 'has'])(
    'an expression in a string, which is never checked, is refused: %s_exp',
    (filter) => {
      expect(saidOf(`{{ Event.l | ${filter}_exp: "i", "i.unit price > 10" | size }}`)).toMatch(
        /^undefined filter: \w+_exp,.*; use an if inside a for/,
      );
    },
  );

  it('knows every tag of the engine', () => {
    // Tags that need only a name or an expression.
    const templates = Object.keys(engine.tags).map((tag) => `{% ${tag} Event.a ~ %}`);

    for (const template of templates) {
      expect([template, /^\{% (?:comment|#)/.test(template) ? 'a comment' : saidOf(template)]).not.toContain(
        '',
      );
    }
  });

  it('names line, column and key in the file', () => {
    const text =
      '{ "when": { "event": "T" },\n  "send": { "properties": {\n    "p": "\\u0061 \\"{{ Event.Order Id }}\\"" } } }';
    const [error] = parseRules('rule', text).errors;

    expect(error).toMatchObject({ line: 3, key: 'send.properties.p' });
    expect(text.split('\n')[2]?.slice((error?.column ?? 0) - 1)).toMatch(/^Id \}\}/);
  });

  it.each([
    ['identity', 'send.identity'],
    ['idempotency_key', 'send.idempotency_key'],
    ['event', 'send.event'],
    ['timestamp', 'send.timestamp'],
    ['app_id', 'send.app_id'],
  ])('is refused in %s as well', (field, key) => {
    const rule = { when: { event: 'T' }, send: { [field]: '{{ Event.Order Id }}' } };

    expect(parseRules('rule', JSON.stringify(rule)).errors).toMatchObject([{ key, line: 1 }]);
  });

  it('no accepted template loses a token', () => {
    const operand = fc.constantFrom(
      'Event.a',
      'Event["b c"]',
      "'s'",
      '1',
      '-2.5',
      'true',
      '(1..2)',
      'Event.a[0].b',
    );
    const glue = fc.constantFrom(
      ' ',
      ' | ',
      ', ',
      ' and ',
      ' == ',
      ' | append: ',
      ' or ',
      ' not ',
      ': ',
      ' > ',
    );
    const expression = fc
      .tuple(operand, fc.array(fc.tuple(glue, operand), { maxLength: 4 }))
      .map(([first, rest]) => first + rest.map(([by, next]) => by + next).join(''));
    const tag = fc.constantFrom<[string, string]>(
      ['{{ ', ' }}'],
      ['{% if ', ' %}x{% endif %}'],
      ['{% assign x = ', ' %}'],
      ['{% case Event.a %}{% when ', ' %}x{% endcase %}'],
      ['{% cycle ', ' %}'],
      ['{% for x in ', ' %}{% endfor %}'],
    );
    let read = 0;
    fc.assert(
      fc.property(tag, expression, ([before, after], text) => {
        const template = before + text + after;
        try {
          engine.parse(template);
          readTemplate(template);
        } catch {
          return;
        }
        read += 1;
        // Each operand changes what liquidjs parses: without one, it parses something else or refuses.
        const words = text.match(/Event(?:\.\w+|\[[^\]]*\])+|'s'|-?[\d.]+(?!\))|true|\(1\.\.2\)/g) ?? [];
        const glued = text.split(/Event(?:\.\w+|\[[^\]]*\])+|'s'|true|\(1\.\.2\)|-?\d[\d.]*/).slice(1, -1);
        expect(glued.every((by) => by.trim() !== '')).toBe(true);
        expect(words.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(100);
  });
});

describe('unknown names', () => {
  it.each([
    ['{{ profile.email }}', 'unknown name profile', 'did you mean Profile?'],
    ['{{ PROFILE.email }}', 'unknown name PROFILE', 'did you mean Profile?'],
    ['{{ Profil.email }}', 'unknown name Profil', 'did you mean Profile?'],
    ['{{ Profiel.email }}', 'unknown name Profiel', 'did you mean Profile?'],
    ['{{ Prfile.email }}', 'unknown name Prfile', 'did you mean Profile?'],
    ['{{ Prufile.email }}', 'unknown name Prufile', 'did you mean Profile?'],
    ['{{ Events.a }}', 'unknown name Events', 'did you mean Event?'],
    ['{{ event }}', 'unknown name event', 'did you mean Event?'],
    ['{{ key_values.a }}', 'unknown name key_values', 'did you mean KeyValues?'],
    ['{{ Linked.Weather.temp }}', 'unknown name Linked', 'templates know Profile, Event, KeyValues'],
    ['{{ user.name }}', 'unknown name user', 'templates know Profile, '],
    ["{{ now | date: '%Y' }}", 'unknown name now', "write 'now' in quotes"],
    ["{{ today | date: '%Y' }}", 'unknown name today', "write 'today' in quotes"],
    ['{{ Event.a | append: profile.b }}', 'unknown name profile', 'did you mean'],
    ['{{ Event[profile.b] }}', 'unknown name profile', 'did you mean'],
    ['{% if profile.a %}x{% endif %}', 'unknown name profile', 'did you mean'],
    ['{% if Event.a %}x{% elsif Event.b == profile.a %}y{% endif %}', 'unknown name profile', 'did you mean'],
    ['{% case Event.a %}{% when profile.a %}x{% endcase %}', 'unknown name profile', 'did you mean'],
    ['{% for x in profile.l %}{{ x }}{% endfor %}', 'unknown name profile', 'did you mean'],
    ['{% for x in Event.l limit: profile.n %}{{ x }}{% endfor %}', 'unknown name profile', 'did you mean'],
    ['{% for x in (1..profile.n) %}{{ x }}{% endfor %}', 'unknown name profile', 'did you mean'],
    ['{% assign x = profile.a %}{{ x }}', 'unknown name profile', 'did you mean'],
    ['{% cycle profile.a, 1 %}', 'unknown name profile', 'did you mean'],
    ['{% echo profile.a %}', 'unknown name profile', 'did you mean'],
    ['{% for x in Event.l %}{{ x }}{% endfor %}{{ x.name }}', 'unknown name x', 'templates know'],
    ['{{ continue }}', 'unknown name continue', 'templates know'],
    ['{% for x in Event.l limit: continue %}{% endfor %}', 'unknown name continue', 'templates know'],
    ['{% for x in Event.l offset: continue.a %}{% endfor %}', 'unknown name continue', 'templates know'],
    ['{{ x }}{% assign x = 1 %}', 'unknown name x', 'templates know'],
    ['{{ forloop.index }}', 'unknown name forloop', 'templates know'],
    ['{{ [Event.a] }}', 'unknown name Event.a', 'did you mean Event?'],
    ['{{ price }}', 'unknown name price', 'templates know'],
  ])('are refused: %s', (template, found, remedy) => {
    expect(saidOf(template)).toBe(
      `${found}, in the template ${JSON.stringify(template)}; ${saidOf(template).split('; ')[1]}`,
    );
    expect(saidOf(template)).toContain(`; ${remedy}`);
  });

  it.each(scopeNames)('%s is known', (name) => {
    expect(errorsOf(`{{ ${name}.id }}`)).toEqual([]);
  });

  it('are at the position in the error', () => {
    const [error] = errorsOf('Hello {{ profile.name }}');

    expect(error).toMatchObject({ line: 1, key: 'send.properties.p' });
    const text = JSON.stringify({
      when: { event: 'T' },
      send: { properties: { p: 'Hello {{ profile.name }}' } },
    });
    expect(text.slice((error?.column ?? 0) - 1)).toMatch(/^profile\.name/);
  });
});

test('an identity or id cannot be "raw", which would skip the check of its outputs', () => {
  for (const field of ['identity', 'idempotency_key']) {
    const rule = { when: { event: 'T' }, send: { [field]: 'c-{{ Profile.nr | raw }}' } };
    expect(parseRules('rule', JSON.stringify(rule)).errors).toMatchObject([
      {
        key: `send.${field}`,
        message: expect.stringMatching(/^undefined filter: raw,.*; remove it/) as string,
      },
    ]);
  }
  expect(errorsOf('{{ Event.a | raw }}')).toEqual([]);
});

test('the reader throws its own error class', () => {
  expect(() => readTemplate('{{ Event.a b }}')).toThrow(TemplateSyntaxError);
});

describe('types that never apply', () => {
  const warningsOf = (rule: object): readonly RuleError[] =>
    parseRules('rule', JSON.stringify({ when: { event: 'T' }, ...rule })).warnings;

  it.each([
    [{ send: { properties: { value: '{{ Event.v }}' } }, types: { valeu: 'number' } }, 'types.valeu'],
    [{ send: {}, types: { value: 'number' } }, 'types.value'],
    [{ send: { properties: { value: 'x {{ Event.v }}' } }, types: { 'value.a': 'number' } }, 'types.value.a'],
    [{ send: { properties: { id: 1 } }, types: { clevertap_id: 'string' } }, 'types.clevertap_id'],
    [{ send: { properties: { a: { b: 1 } } }, types: { a: 'number' } }, 'types.a'],
    [{ send: { properties: { a: [1, 2] } }, types: { 'a.0': 'number' } }, 'types.a.0'],
    [{ send: { properties: { a: null } }, types: { a: 'number' } }, 'types.a'],
    [{ send: { properties: { Value: 1 } }, types: { value: 'number' } }, 'types.value'],
    [{ send: {}, types: { plan: 'string' }, userProperties: { plan: '{{ Profile.plan }}' } }, 'types.plan'],
  ])('are a warning: %j', (rule, key) => {
    expect(warningsOf(rule)).toMatchObject([{ key, line: 1 }]);
    expect(parseRules('rule', JSON.stringify({ when: { event: 'T' }, ...rule })).rules).toHaveLength(1);
  });

  it.each([
    { send: { properties: { value: '{{ Event.v }}' } }, types: { value: 'number', 'value.a.0': 'string' } },
    { send: { properties: { value: '{% if Event.v %}1{% endif %}' } }, types: { value: 'number' } },
    { send: { properties: { value: 5 } }, types: { value: 'string' } },
    { send: { properties: { a: { b: '{{ Event.v }}' } } }, types: { 'a.b': 'number' } },
    { send: { properties: { a: [{ b: 1 }, { c: 2 }] } }, types: { 'a.0.b': 'number', 'a.1.c': 'number' } },
    {
      send: { properties: { a: ['{{ Event.v }}', { c: 2 }] } },
      types: { 'a.0.c': 'number', 'a.0.x': 'number' },
    },
    { send: {}, spread: ['Event'], types: { anything: 'number' } },
    { send: { timestamp: '{{ Event.at }}' }, types: { original_timestamp: 'string' } },
  ])('are those alone: %j', (rule) => {
    expect(warningsOf(rule)).toEqual([]);
  });
});
