import fc from 'fast-check';
import { Liquid } from 'liquidjs';
import type { JsonObject } from '../../../lambda/json';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { parsePath } from '../../../lambda/mapping/path-template';
import { templateObject } from '../../../lambda/mapping/template-scope';
import { asProperties } from '../../support/mapped-event';
import { anyJsonObject } from '../../support/untrusted-json';

const { parse } = createLiquid();
const liquidjs = new Liquid({
  ownPropertyOnly: true,
  strictFilters: true,
  keepOutputType: true,
  locale: 'en',
});

interface Groups {
  readonly event: JsonObject;
  readonly profile?: JsonObject;
  readonly profileData?: JsonObject;
}

const scopeOf = ({ event, profile = {}, profileData = {} }: Groups): object => ({
  Event: templateObject(event),
  Profile: templateObject(profile, profileData),
  Received: templateObject({
    get at(): string {
      return '2026-10-01T09:00:00.000Z';
    },
    a: { b: [1] },
  }),
});

/** The value as Heap receives it, because an object in a template is a proxy, or the kind of error. */
function outcomeOf(render: () => unknown): string | undefined {
  try {
    const value = render();
    return value === undefined ? undefined : asProperties(value);
  } catch (error) {
    return (error as Error).name;
  }
}

const outcomeByLiquidjs = (template: string, scope: object): string | undefined =>
  outcomeOf(() => liquidjs.parseAndRenderSync(template, scope) as unknown);

const name = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('a', 'A', 'b') },
  fc.constantFrom(
    ...['id', 'event', 'With Space', 'it’s', "it's", '', '0', '1', '-1', 'i̇', 'İ', 'length'],
    ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'then', 'next', 'toLiquid'],
  ),
);
const step = fc.oneof(
  { weight: 6, arbitrary: name.map((text) => (/^[a-z_]+$/i.test(text) ? `.${text}` : `["${text}"]`)) },
  { weight: 2, arbitrary: name.filter((text) => !text.includes("'")).map((text) => `['${text}']`) },
  fc.constantFrom(
    '.size',
    '.first',
    '.last',
    '[0]',
    '[-1]',
    '[Event.a]',
    '["size"]',
    '[ "a" ]',
    '.a?',
    '.a-b',
  ),
);
const root = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('Event', 'Profile', 'Received') },
  fc.constantFrom(
    ...['Missing', 'event', 'size', 'toString', 'constructor', '__proto__', '["Event"]', 'forloop'],
    ...['true', 'false', 'nil', 'null', 'empty', 'blank', 'contains', 'and', 'not'],
  ),
);
const path = fc
  .tuple(root, fc.array(step, { minLength: 1, maxLength: 3 }))
  .map(([first, steps]) => first + steps.join(''));
const literal = fc.oneof(
  fc.constantFrom('"x"', "'x'", "''", '"{{"', `"it's"`),
  fc.constantFrom('0', '1.5', '-2', 'true', 'false', 'nil', 'empty', 'Event.b', '"a", allow_false: true'),
);
const template = fc.oneof(
  fc
    .tuple(path, fc.constantFrom('{{ @ }}', '{{@}}', '{{- @ -}}', '{{-@-}}', '{{\n@\t}}'))
    .map(([text, output]) => output.replace('@', () => text)),
  fc.tuple(path, literal).map(([text, value]) => `{{ ${text} | default: ${value} }}`),
  fc.tuple(path, literal).map(([text, value]) => `{{${text}|default:${value}|default:"y"}}`),
  fc.tuple(path, literal).map(([text, value]) => `{{-${text}|default:${value}-}}`),
);
const { value: nested } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(
      ...[null, false, true, 0, 1.5, '', ' ', 'a', 'text', [], '$D_1664890781', 'x'.repeat(9000)],
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));
const group = fc.dictionary(name, nested, { minKeys: 1, maxKeys: 5 });

describe('a template that is a single path', () => {
  it('has the same value as in liquidjs', () => {
    const counts = { read: 0, found: 0 };
    fc.assert(
      fc.property(template, group, group, group, (text, event, profile, profileData) => {
        const scope = scopeOf({ event, profile, profileData });
        const expected = outcomeByLiquidjs(text, scope);
        const read = parsePath(text);
        if (read !== undefined) {
          counts.read += 1;
          if (expected !== undefined) counts.found += 1;
          expect(outcomeOf(() => read(scope))).toBe(expected);
        }
        expect(outcomeOf(() => parse(text).render(scope))).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    // Otherwise few would be read without liquidjs, or all would be missing.
    expect(counts.read).toBeGreaterThan(500);
    expect(counts.found).toBeGreaterThan(200);
  });

  it.each([
    '{{ Event.list["0"] }}',
    '{{ Event.list["-1"] }}',
    "{{ Event.text['0'] }}",
    '{{ Event.object["0"] }}',
    '{{ Event.list["length"] }}',
    '{{ Event["list"]["x"] }}',
    '{{ Received.constructor }}',
    '{{ Received["__proto__"] }}',
    '{{ __proto__.constructor }}',
    '{{ __proto__.__proto__ }}',
    '{{ toString.name }}',
    '{{ nil.a }}',
    '{{ true.a }}',
    '{{ empty.a }}',
    '{{ Event.none.deep.deeper }}',
    '{{ Event.none.deep | default: "x" }}',
    '{{ Event.missing.deep.deeper }}',
  ])('has for %s the same value as in liquidjs', (text) => {
    const event = { list: ['p', 'q'], text: 'abc', object: { '0': 'zero' }, none: null };
    const scope = scopeOf({ event });

    expect(outcomeOf(() => parse(text).render(scope))).toBe(outcomeByLiquidjs(text, scope));
  });

  it.each([
    '{{ Event.a | upcase }}',
    'x{{ Event.a }}',
    '{{ Event.a }}{{ Event.b }}',
    '{{ Event.a.size }}',
    '{{ "a" }}',
    '{% if Event.a %}{% endif %}',
    '{{ Event[Event.a] }}',
    '{{ Event.a | default: Event.b }}',
  ])('is not %s', (text) => {
    expect(parsePath(text)).toBeUndefined();
  });

  it('has no value in strict mode if liquidjs gives none, or a blank', () => {
    let read = 0;
    fc.assert(
      fc.property(template, group, (text, event) => {
        if (parsePath(text) === undefined) return;
        read += 1;
        const scope = scopeOf({ event });
        const expected = outcomeByLiquidjs(text, scope);
        const isBlank = expected === 'null' || expected === '""';
        expect(outcomeOf(() => parse(text, () => true).render(scope))).toBe(isBlank ? undefined : expected);
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('passes any JSON on unchanged', () => {
    fc.assert(
      fc.property(anyJsonObject, (event) => {
        const scope = scopeOf({ event });
        for (const key of Object.keys(event).filter((one) => /^\w+$/.test(one))) {
          const text = `{{ Event["${key}"] }}`;
          expect(outcomeOf(() => parse(text).render(scope))).toBe(outcomeByLiquidjs(text, scope));
        }
      }),
    );
  });
});
