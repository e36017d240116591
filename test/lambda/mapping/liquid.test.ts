import { createLiquid } from '../../../lambda/mapping/liquid';
import { AbortEvent, templateObject } from '../../../lambda/mapping/template-scope';
import { countingSteps, ends } from '../../support/ends';

const { parse } = createLiquid();

type Fields = Readonly<Record<string, unknown>>;

interface Groups {
  readonly event?: Fields;
  readonly profile?: Fields;
  readonly keyValues?: Fields;
}

const sample: Fields = {
  n: 12.5,
  zero: 0,
  yes: true,
  no: false,
  none: null,
  blank: '',
  emptyList: [],
  'With Space': 's',
  amount: 'lower',
  Amount: 'exact',
  at: '2026-03-01T23:30:00Z',
  epoch: 1664890781,
  csv: 'p,q,r',
  list: ['p', 'q', 'r'],
  items: [
    { Name: 'hat', price: 3 },
    { name: 'cap', price: 1 },
  ],
  object: { a: { b: 1 } },
};

/** A scope with the groups of an event, received at 09:00 UTC on 1 October 2026. */
const scopeOf = ({ event = sample, profile = {}, keyValues = {} }: Groups = {}): object => ({
  Event: templateObject(event),
  Profile: templateObject(profile),
  KeyValues: templateObject(keyValues),
  Received: { at: '2026-10-01T09:00:00.000Z' },
});

const render = (template: string, groups?: Groups): unknown => parse(template).render(scopeOf(groups));

/** The value as JSON: an object of the scope is a proxy. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

describe('the dialect', () => {
  it.each<[string, unknown]>([
    // Names
    ['{{ Event["With Space"] }}', 's'],
    ["{{ Event['with space'] }}", 's'],
    ['{{ Event.Amount }}', 'exact'],
    ['{{ Event.amount }}', 'lower'],
    ['{{ Event.AMOUNT }}', 'lower'],
    ['{{ Event.Object.A.B }}', 1],
    ['{{ Event.items[0].name }} {{ Event.items[1].NAME }}', 'hat cap'],
    ['{{Event.csv}}', 'p,q,r'],
    // default: nil, false, "" and an empty list have no value; 0 has
    ['{{ Event.missing | default: "x" }}', 'x'],
    ['{{ Event.none | default: "x" }}', 'x'],
    ['{{ Event.no | default: "x" }}', 'x'],
    ['{{ Event.blank | default: "x" }}', 'x'],
    ['{{ Event.emptyList | default: "x" }}', 'x'],
    ['{{ Event.zero | default: "x" }}', 0],
    ['{{ Event.csv | default: "x" }}', 'p,q,r'],
    ["{{ Event.missing | default: '100' }}", '100'],
    ['{{ Event.missing | default: 100 }}', 100],
    ['{{ Event.missing | default: Event.n }}', 12.5],
    // Dates
    ['{{ Event.at | date: "%d.%m.%Y %H:%M" }}', '01.03.2026 23:30'],
    ['{{ Event.epoch | date: "%Y-%m-%dT%H:%M:%S" }}', '2022-10-04T13:39:41'],
    ['{{ Event.at | date_tz: "%Y-%m-%d %H:%M", "America/New_York" }}', '2026-03-01 18:30'],
    ['{{ Event.at | date_tz: "%Y-%m-%d %H:%M", "Asia/Kolkata" }}', '2026-03-02 05:00'],
    ['{{ Event.at | date_tz: "%H:%M" }}', '23:30'],
    // Lists and strings
    ['{{ Event.csv | split: "," | last }}', 'r'],
    ['{{ Event.csv | split: "," | first }}', 'p'],
    ['{{ Event.list | first }}', 'p'],
    ['{{ Event.list.last }}', 'r'],
    ['{{ Event.list[1] }}', 'q'],
    ['{{ Event.list | size }}', 3],
    ['{{ Event.list | join: "-" }}', 'p-q-r'],
    ['{{ " a B " | strip | upcase }}', 'A B'],
    ['{{ "A b" | downcase | capitalize }}', 'A b'],
    ['{{ "a b&c" | url_encode }}', 'a+b%26c'],
    ['{{ "a+b%26c" | url_decode }}', 'a b&c'],
    // Numbers
    ['{{ Event.n | plus: 1 }}', 13.5],
    ['{{ Event.n | minus: 1 }}', 11.5],
    ['{{ Event.n | times: 2 }}', 25],
    ['{{ Event.n | divided_by: 5 }}', 2.5],
    ['{{ 7 | modulo: 4 }}', 3],
    ['{{ Event.n | round }}', 13],
    ['{{ Event.n | floor }}', 12],
    ['{{ Event.n | ceil }}', 13],
    ['{{ -5 | abs }}', 5],
    ['{{ "12.5" | plus: "1" }}', 13.5],
    ['{{ Event.n | at_least: 20 }}', 20],
    ['{{ Event.n | at_least: 2 }}', 12.5],
    ['{{ Event.n | at_most: 2 }}', 2],
    ['{{ Event.n | at_most: 20 }}', 12.5],
    // Tags
    ['{% if Event.n > 20 %}a{% elsif Event.n > 10 %}b{% else %}c{% endif %}', 'b'],
    ['{% if Event.n > 20 %}a{% elsif Event.n > 15 %}b{% else %}c{% endif %}', 'c'],
    ['{% if Event.csv contains "q" and Event.yes %}a{% endif %}', 'a'],
    ['{% if Event.missing or Event.no or Event.none %}a{% else %}b{% endif %}', 'b'],
    ['{% unless Event.no %}a{% else %}b{% endunless %}', 'a'],
    ['{% unless Event.yes %}a{% else %}b{% endunless %}', 'b'],
    ['{% case Event.csv %}{% when "p" %}1{% when "x", "p,q,r" %}2{% else %}3{% endcase %}', '2'],
    ['{% case Event.csv %}{% when "p" %}1{% else %}3{% endcase %}', '3'],
    ['{% for x in Event.list %}{{ x }}{% unless forloop.last %};{% endunless %}{% endfor %}', 'p;q;r'],
    ['{% for x in Event.items %}{{ x.NAME }}={{ x.Price }} {% endfor %}', 'hat=3 cap=1 '],
    ['{% for x in Event.missing %}a{% else %}none{% endfor %}', 'none'],
    ['{% for i in (1..3) %}{{ i }}{% endfor %}', '123'],
    ['{% assign x = Event.n | times: 2 %}x {{ x }}', 'x 25'],
    ['{% raw %}{{ Event.n }}{% endraw %}', '{{ Event.n }}'],
    ['a{% comment %}{{ Event.n }}{% endcomment %}b', 'ab'],
    ['a {%- if Event.yes -%} b {%- endif -%} c', 'abc'],
  ])('%s is %j', (template, expected) => {
    expect(render(template)).toEqual(expected);
  });

  it.each(['Email', 'email', 'EMAIL'])('finds Profile.%s in whatever casing it was sent', (sent) => {
    for (const name of ['Email', 'email'])
      expect(render(`{{ Profile.${name} }}`, { profile: { [sent]: 'a@shop.test' } })).toBe('a@shop.test');
  });

  it('renders the same parsed template anew for each event', () => {
    const template = parse('{% increment x %}{% assign x = Event.n %}{{ x }}');

    expect([1, 2, 1].map((n) => template.render(scopeOf({ event: { n } })))).toEqual(['01', '02', '01']);
  });
});

describe('the value of a template', () => {
  it.each([
    ['n'],
    ['zero'],
    ['yes'],
    ['no'],
    ['none'],
    ['csv'],
    ['list'],
    ['emptyList'],
    ['object'],
    ['items'],
  ])('that is one single output of Event.%s keeps the JSON type', (name) => {
    expect(plain(render(`{{ Event.${name} }}`))).toEqual(sample[name]);
  });

  it.each([
    '{{ Event.missing }}',
    '{{ Event.object.missing.deep }}',
    '{{ Event.list[9] }}',
    '{{ Missing.x }}',
  ])('%s is undefined, never an empty string', (template) => {
    expect(render(template)).toBeUndefined();
  });

  it.each([
    ['{{ Event.n }} ', '12.5 '],
    [' {{ Event.yes }}', ' true'],
    ['{{ Event.n }}{{ Event.n }}', '12.512.5'],
    ['a{{ Event.missing }}b{{ Event.none }}c', 'abc'],
  ])('%j is a string if there is anything next to the output', (template, expected) => {
    expect(render(template)).toBe(expected);
  });
});

describe('the clock of a template', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each(['2001-01-01T00:00:00Z', '2049-12-31T23:59:59Z'])(
    'is the arrival of the event, even if it is rendered at %s (F39)',
    (machine) => {
      jest.useFakeTimers({ now: Date.parse(machine), doNotFake: ['performance'] });

      for (const word of ['now', 'today']) {
        expect(render(`{{ "${word}" | date: "%Y-%m-%dT%H:%M" }}`)).toBe('2026-10-01T09:00');
        expect(render(`{{ '${word}' | date_tz: "%Y-%m-%dT%H:%M", "Asia/Kolkata" }}`)).toBe(
          '2026-10-01T14:30',
        );
        expect(render('{{ Event.x | date: "%s" }}', { event: { x: word } })).toBe('1790845200');
      }
    },
  );

  it.each(['date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'])(
    'also applies to the filter %s, if it exists (F39)',
    (filter) => {
      const at = (machine: string): unknown => {
        jest.useFakeTimers({ now: Date.parse(machine), doNotFake: ['performance'] });
        try {
          return render(`{{ "now" | ${filter} }}`);
        } catch (error) {
          return (error as Error).name;
        }
      };

      expect(at('2001-01-01T00:00:00Z')).toBe(at('2049-12-31T23:59:59Z'));
    },
  );
});

describe('a broken template', () => {
  it.each([
    '{{ x | nofilter }}',
    '{{ x | constructor }}',
    '{{ x | toString }}',
    '{{ x | __proto__ }}',
    '{{ x | upcase | hasOwnProperty }}',
    '{% notag %}',
    '{% constructor %}',
    '{% toString %}',
    '{% __proto__ %}',
    '{{ x',
    '{% if x %}',
    '{% endif %}',
    '{% for x %}{% endfor %}',
    '{% raw %}',
  ])('%s fails in parsing', (template) => {
    expect(() => parse(template)).toThrow();
  });

  it.each([
    "{% include '/etc/hostname' %}",
    '{% include Event.csv %}',
    "{% render '/etc/hostname' %}",
    "{% render 'x', a: 1 %}",
    "{% layout '/etc/hostname' %}",
    '{% layout none %}',
    '{% block a %}x{% endblock %}',
    "{% if false %}{% include '/etc/hostname' %}{% endif %}",
    "{% liquid include '/etc/hostname' %}",
  ])('%s reads a file and fails in parsing (F38)', (template) => {
    expect(() => parse(template)).toThrow(/not found/);
  });
});

describe('{% abort %}', () => {
  it.each([
    '{% abort %}',
    'text {% abort %}',
    '{% if Event.n %}{% abort %}{% endif %}',
    '{% for x in Event.list %}{% case x %}{% when "q" %}{% abort %}{% endcase %}{% endfor %}',
    '{% unless Event.no %}{% if Event.yes %}{% for i in (1..2) %}{% abort %}{% endfor %}{% endif %}{% endunless %}',
  ])('ends %s', (template) => {
    expect(() => render(template)).toThrow(AbortEvent);
  });

  it.each(['{% if Event.missing %}{% abort %}{% endif %}', '{% comment %}{% abort %}{% endcomment %}'])(
    'that is not reached does nothing: %s',
    (template) => {
      expect(render(template)).toBeUndefined();
      expect(render(`a${template}`)).toBe('a');
    },
  );

  it('is not confused with another failure', () => {
    const event = { bad: '%E0%A4%A', message: 'AbortEvent', name: 'AbortEvent' };

    expect(() => render('{{ Event.bad | url_decode }}', { event })).toThrow(
      expect.not.objectContaining({ name: 'AbortEvent' }) as Error,
    );
  });
});

describe('data that holds Liquid or JSON stays literal (F36)', () => {
  const hostile = [
    '{{ 7 | plus: 7 }}',
    '{% abort %}',
    '{% raw %}',
    '{{ Event.secret }}',
    'a","identity":"victim',
    '"}],"x":[{"',
    '${7*7}',
    '}}{{',
  ];

  it.each(hostile)('%s', (v) => {
    const groups = { event: { v, list: [v], secret: 's' }, profile: { v } };

    expect(render('{{ Event.v }}', groups)).toBe(v);
    expect(render('{{ Profile.V }}', groups)).toBe(v);
    expect(render('<{{ Event.v }}>', groups)).toBe(`<${v}>`);
    expect(render('{{ Event.missing | default: Event.v }}', groups)).toBe(v);
    expect(
      render('{% assign x = Event.v %}{% for y in Event.list %}{{ x }}{{ y }}{% endfor %}', groups),
    ).toBe(v + v);
  });
});

/** 900 kB, close to the largest request possible. */
const huge = 'a'.repeat(900_000);

/** Exploits from advisories on liquidjs, and other ways to use time or memory. */
const exploits: [name: string, template: string, event?: Fields][] = [
  ['a padded date', '{{ Event.at | date: "%100000000Y" }}'],
  [
    'a date padded by data',
    '{{ Event.at | date: Event.format }}',
    { at: '2026-01-01', format: '%99999999Y' },
  ],
  [
    'a padded date of CleverTap',
    '{{ Event.at | date_tz: "%50000000d", "Asia/Kolkata" }}',
    { at: '2026-01-01' },
  ],
  ['a padded epoch', '{{ "now" | date: "%100000000s" }}'],
  ['a range', '{% assign a = (1..100000000) %}{{ a | size }}'],
  ['a range joined', '{{ (1..100000000) | join: "aaaaaaaaaaaaaaaa" }}'],
  ['a loop over a range', '{% for i in (1..100000000) %}x{% endfor %}'],
  ['an empty loop over a range', '{% for i in (1..100000000) %}{% endfor %}'],
  ['a table over a range', '<{% tablerow i in (1..100000000) %}{% endtablerow %}'],
  ['a range by data', '{% for i in (1..Event.n) %}x{% endfor %}', { n: 1e308 }],
  [
    'nested loops',
    '{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}x{% endfor %}{% endfor %}{% endfor %}',
  ],
  [
    'nested empty loops',
    '{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}',
  ],
  ['pop of a doubling list', doubling('concat: x | pop')],
  ['shift of a doubling list', doubling('concat: x | shift')],
  ['pop of a large list', '{{ Event.list | pop | pop | pop | size }}', { list: Array(200_000).fill(1) }],
  ['join with a large text', '{{ Event.list | join: Event.v }}', { list: Array(5000).fill('a'), v: huge }],
  ['join of large texts', '{{ Event.list | join }}', { list: Array(200).fill('a'.repeat(8192)) }],
  ['replace of every character', '{{ Event.v | replace: "a", Event.v }}', { v: huge }],
  ['replace of nothing', '{{ Event.v | replace: "", Event.v }}', { v: huge }],
  ['replace in a loop', doubling('replace: "a", x')],
  [
    'replace_first with references',
    '{{ Event.v | replace_first: "a", Event.r }}',
    { v: huge, r: "$&$`$'".repeat(999) },
  ],
  [
    'replace_last with references',
    '{{ Event.v | replace_last: "a", Event.r }}',
    { v: huge, r: "$&$`$'".repeat(999) },
  ],
  ['replace_first in a loop', doubling("replace_first: 'a', '$`$&$`'")],
  ['append in a loop', doubling('append: x')],
  ['strip_html of open brackets', '{{ Event.v | strip_html }}', { v: '<'.repeat(350_000) }],
  ['strip_html of open comments', '{{ Event.v | strip_html }}', { v: '<!--'.repeat(87_500) }],
  ['strip_html of open scripts', '{{ Event.v | strip_html }}', { v: '<script'.repeat(50_000) }],
  ['slugify of a mebibyte', '{{ Event.v | slugify }}', { v: '-a '.repeat(349_525) }],
  ['truncatewords of blanks', '{{ Event.v | truncatewords: 5 }}', { v: ' '.repeat(900_000) }],
  ['strip of blanks', '{{ Event.v | strip }}', { v: `${' '.repeat(450_000)}a${' '.repeat(450_000)}` }],
  ['newlines', '{{ Event.v | newline_to_br | strip_newlines }}', { v: '\r\n'.repeat(450_000) }],
  ['escape', '{{ Event.v | escape | escape_once | url_encode }}', { v: '&'.repeat(900_000) }],
  ['a malformed escape', '{{ Event.v | url_decode }}', { v: '%E0%A4%A' }],
  ['a split by nothing', '{{ Event.v | split: "" | sort | join }}', { v: huge }],
  [
    'sort of a large list',
    '{{ Event.list | sort | uniq | reverse | size }}',
    { list: Array(200_000).fill('a') },
  ],
  ['a prototype as key to sort_natural', '{{ Event.items | sort_natural: "__proto__" | size }}'],
  ['a constructor as key to sort_natural', '{{ Event.items | sort_natural: "constructor" | size }}'],
  ['a prototype as key to where', '{{ Event.items | where: "__proto__" | size }}'],
  ['a constructor as key to where', '{{ Event.items | where: "constructor" | size }}'],
  ['a constructor as key to map', '{{ Event.items | map: "constructor" | join }}'],
  ['a constructor as key to sum', '{{ Event.items | sum: "constructor" }}'],
  ['a constructor as key to group_by', '{{ Event.items | group_by: "constructor" | size }}'],
  [
    'data as a key to where',
    '{{ Event.items | where: Event.k | size }}',
    { items: [{ a: 1 }], k: '__proto__' },
  ],
  ['a large power', '{{ Event.n | times: Event.n | round: 400 }}', { n: 1e308 }],
  ['division by nought', '{{ Event.n | divided_by: 0 }}', { n: 1 }],
];

/** A template that keeps growing a value. */
function doubling(filter: string): string {
  return `{% assign x = "aaaaaaaaaa" | split: "" %}${
    filter.startsWith('concat') ? '' : '{% assign x = "aaaaaaaaaa" %}'
  }{% for i in (1..40) %}{% assign x = x | ${filter} %}{% endfor %}{{ x | size }}`;
}

describe('a template that costs too much', () => {
  it.each(
    exploits.map(([name, template, event = sample]): [string, string, Fields] => [name, template, event]),
  )('ends soon and harmlessly: %s (F37)', (_, template, event) => {
    const parsed = parse(template);
    const scope = scopeOf({ event });
    let outcome: unknown;

    const isOver = ends(() => {
      try {
        outcome = countingSteps(() => parsed.render(scope));
      } catch (error) {
        outcome = error;
      }
    });

    expect(isOver).toBe(true);
    if (outcome instanceof Error) expect(outcome.name).toMatch(/^(RenderError|UndefinedVariableError)$/);
    else {
      expect(['string', 'number', 'undefined']).toContain(typeof outcome);
      expect(String(outcome)).not.toMatch(/native code|\[object|function/);
      expect(String(outcome).length).toBeLessThan(2_000_000);
    }
  });

  it.each([
    ['ifs', '{% if 1 %}'.repeat(5000) + '{% endif %}'.repeat(5000)],
    ['open ifs', '{% if 1 %}'.repeat(5000)],
    ['brackets', `{{ Event${'[Event'.repeat(5000)}${']'.repeat(5000)} }}`],
    ['filters', `{{ 1${' | plus: 1'.repeat(50_000)} }}`],
  ])('ends soon in parsing: 5000 nested %s (F37)', (_, template) => {
    const isOver = ends(() => {
      expect(() => parse(template)).toThrow();
    });

    expect(isOver).toBe(true);
  });

  it.each([
    ['a range', '{% for i in (1..100000000) %}x{% endfor %}', /memory alloc limit exceeded/],
    ['a padded date', '{{ Event.at | date: "%100000000Y" }}', /memory alloc limit exceeded/],
    ['nested loops', exploits.find(([name]) => name === 'nested loops')![1], /render limit exceeded/],
  ])('is stopped by a limit: %s (F37)', (_, template, limit) => {
    expect(() => render(template)).toThrow(limit);
  });
});

describe('a prototype', () => {
  const names = [
    'constructor',
    '__proto__',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'prototype',
    'toLiquid',
  ];

  it.each(names)('is out of reach by the name %s', (name) => {
    const event = { x: {}, text: 'a', n: 1, list: [1], yes: true };
    const places = [
      'Event',
      'Event.x',
      'Event.text',
      'Event.n',
      'Event.list',
      'Event.yes',
      'Received',
      'Event.list[0]',
    ];

    for (const place of places) expect(render(`{{ ${place}.${name} }}`, { event })).toBeUndefined();
    expect(render(`{{ Event.constructor.${name} }}`, { event })).toBeUndefined();
    expect(render(`{{ ${name} }}`, { event })).toBeUndefined();
  });

  it.each(names)('is out of reach by %s as data', (k) => {
    expect(render('{{ Event[KeyValues.k] }}', { keyValues: { k } })).toBeUndefined();
    expect(render('{{ Event.object[KeyValues.k] }}', { keyValues: { k } })).toBeUndefined();
    expect(render('{{ Event.list[KeyValues.k] }}', { keyValues: { k } })).toBeUndefined();
    expect(render('<{{ Event[KeyValues.k][KeyValues.k] }}>', { keyValues: { k } })).toBe('<>');
  });

  it('that is polluted adds nothing to an event', () => {
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    const outcome: unknown[] = [];
    polluted['victim'] = 'polluted';
    try {
      const places = ['Event', 'Event.object', 'Event.list', 'Event.csv', 'Received'];
      for (const place of places) outcome.push(render(`{{ ${place}.victim }}`));
      outcome.push(render('{{ Event.items | where: "victim" | size }}'));
      outcome.push(render('{{ Event.items | map: "victim" | compact | size }}'));
    } finally {
      delete polluted['victim'];
    }

    expect(outcome).toEqual([undefined, undefined, undefined, undefined, undefined, 0, 0]);
  });

  it('of lists that is polluted adds no element', () => {
    const polluted = Array.prototype as unknown as Record<string, unknown>;
    let outcome: unknown;
    polluted['7'] = 'polluted';
    try {
      outcome = render('{{ Event.list[7] }}');
    } finally {
      delete polluted['7'];
    }

    expect(outcome).toBeUndefined();
  });
});
