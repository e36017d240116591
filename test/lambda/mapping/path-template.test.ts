import fc from 'fast-check';
import { Liquid } from 'liquidjs';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { templateObject } from '../../../lambda/mapping/template-scope';
import { asProperties } from '../../support/mapped-event';
import { anyJsonObject } from '../../support/untrusted-json';

const { parse } = createLiquid();
const liquidjs = new Liquid({ ownPropertyOnly: true, keepOutputType: true });

const plain = (value: unknown): string | undefined => (value === undefined ? undefined : asProperties(value));

const name = fc.constantFrom(
  ...[
    'a',
    'A',
    'id',
    'event',
    'b',
    'length',
    'constructor',
    '__proto__',
    'toString',
    'then',
    'next',
    'With Space',
    '0',
  ],
);
const step = fc.oneof(
  name.filter((text) => /^[a-z_]+$/i.test(text)).map((text) => `.${text}`),
  name.map((text) => `["${text}"]`),
  fc.constantFrom('[0]', '[-1]', '.size', '.first', '.last', '["size"]'),
);
const path = fc
  .tuple(
    fc.constantFrom('Event', 'KeyValues', 'Received', 'Missing', 'toString'),
    fc.array(step, { maxLength: 3 }),
  )
  .map(([first, steps]) => first + steps.join(''));
const fallback = fc.constantFrom(
  ...[
    '',
    " | default: 'x'",
    ' | default: 0',
    ' | default: true',
    ' | default: Event.a',
    " | default: 'x', allow_false: true",
  ],
);
const template = fc
  .tuple(path, fallback, fc.constantFrom('{{ @ }}', '{{@}}', '{{- @ -}}'))
  .map(([text, filter, output]) => output.replace('@', () => text + filter));

describe('a template that is one path', () => {
  it('has the value that liquidjs gives it', () => {
    let found = 0;
    fc.assert(
      fc.property(template, anyJsonObject, anyJsonObject, (text, event, keyValues) => {
        const scope = {
          Event: templateObject({ a: { b: [event, 'x'] }, ...event }),
          KeyValues: templateObject(keyValues),
          Received: { at: '2026-10-01T09:00:00.000Z' },
        };
        const expected: unknown = liquidjs.parseAndRenderSync(text, scope);
        if (expected !== undefined) found += 1;
        expect(plain(parse(text).render(scope))).toBe(plain(expected));
      }),
      { numRuns: 2000 },
    );
    // Else all of it would be missing.
    expect(found).toBeGreaterThan(200);
  });
});
