import fc from 'fast-check';
import { Context, Liquid, type Template } from 'liquidjs';
import { compileTemplates } from '../../../lambda/mapping/liquid-render';
import { templateObject } from '../../../lambda/mapping/template-scope';

// Compiled templates must give what liquidjs itself gives, whatever they hold.

/** As the mapping's own engine is set up, with a filter at the end of every output that may refuse it. */
const engine = new Liquid({
  ownPropertyOnly: true,
  strictFilters: true,
  templates: {},
  locale: 'en',
  keepOutputType: true,
  renderLimit: 10_000,
  memoryLimit: 2000,
  outputEscape: (value: unknown) => {
    if (value === 'refused') throw new Error('refused');
    return value as string;
  },
});
engine.registerFilter('throw', () => {
  throw new TypeError('thrown');
});
engine.registerTag('leave', {
  render: () => {
    throw new RangeError('left');
  },
});

const scopeOf = (event: object): object => ({
  Event: templateObject(event as Record<string, unknown>),
  Received: { at: '2026-10-01T09:00:00.000Z' },
});

interface Outcome {
  readonly value?: unknown;
  readonly errors?: readonly string[];
}

/** The value as it is written, since an object of a template is a proxy, or the errors, each with what it wraps. */
function outcomeOf(render: () => unknown): Outcome {
  try {
    const value = render();
    return { value: value === undefined ? 'nothing at all' : JSON.stringify(value) };
  } catch (error) {
    const errors: string[] = [];
    for (
      let inner: unknown = error;
      inner instanceof Error;
      inner = (inner as { originalError?: unknown }).originalError
    ) {
      errors.push(`${inner.name}: ${inner.message}`);
    }
    return { errors };
  }
}

const byLiquidjs = (templates: Template[], event: object): Outcome =>
  outcomeOf(() => engine.renderSync(templates, scopeOf(event)) as unknown);

const compiled = (templates: Template[], event: object): Outcome => {
  const context = new Context(scopeOf(event), engine.options, { sync: true }, { liquid: engine });
  return outcomeOf(() => compileTemplates(engine, templates)(context));
};

const name = fc.constantFrom('a', 'b', 'c', 'list', 'A');
const variable = fc.constantFrom('a', 'x', 'y', 'item', 'forloop', 'Event');
const step = fc.oneof(
  name.map((text) => `.${text}`),
  fc.constantFrom(
    '.size',
    '.first',
    '.last',
    '[0]',
    '[-1]',
    '["a"]',
    '[x]',
    '[Event.a]',
    '.index',
    '.last.a',
    '.name',
    '.i',
  ),
);
const path = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant('Event') }, { weight: 2, arbitrary: variable }),
    fc.array(step, { maxLength: 3 }),
  )
  .map(([start, steps]) => start + steps.join(''));
const literal = fc.constantFrom(
  ...[
    '"x"',
    "''",
    '"a,b"',
    '0',
    '1',
    '1.5',
    '-2',
    'true',
    'false',
    'nil',
    'empty',
    'blank',
    '(1..3)',
    '"refused"',
    '"12"',
  ],
);
const operand = fc.oneof({ weight: 3, arbitrary: path }, { weight: 2, arbitrary: literal });
const filter = fc.oneof(
  fc.constantFrom(
    ...[
      'upcase',
      'size',
      'first',
      'last',
      'strip',
      'round',
      'json',
      'sort',
      'uniq',
      'compact',
      'throw',
      'raw',
      'reverse',
    ],
    ...[
      'split: ","',
      'join: "-"',
      'default: "x"',
      'default: false, allow_false: true',
      'date: "%Y"',
      'map: "a"',
      'where: "a", 1',
    ],
    ...[
      'append: Event.a',
      'times: 2',
      'plus: "1"',
      'slice: 0, 2',
      'find: "a", 1',
      'group_by: "a"',
      'concat: Event.list',
    ],
  ),
  operand.map((text) => `default: ${text}`),
  operand.map((text) => `append: ${text}`),
);
const filtered = fc
  .tuple(operand, fc.array(filter, { maxLength: 2 }))
  .map(([text, filters]) => [text, ...filters].join(' | '));
const condition = fc
  .array(fc.tuple(operand, fc.constantFrom('==', '!=', '<', '>', '<=', '>=', 'contains', 'and', 'or')), {
    maxLength: 2,
  })
  .chain((parts) => fc.tuple(fc.constant(parts), operand, fc.boolean()))
  .map(
    ([parts, last, isNegated]) =>
      `${isNegated ? 'not ' : ''}${parts.map((part) => part.join(' ')).join(' ')} ${last}`,
  );

const { templates: body } = fc.letrec<{ template: string; templates: string }>((tie) => {
  const inner = tie('templates');
  return {
    templates: fc.array(tie('template'), { minLength: 0, maxLength: 3 }).map((parts) => parts.join('')),
    template: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      filtered.map((text) => `{{ ${text} }}`),
      fc.constantFrom(
        'text',
        ' ',
        '{{- " " -}}',
        '{% comment %}{{ x }}{% endcomment %}',
        '{% raw %}{{ x }}{% endraw %}',
        '{%- # note -%}',
      ),
      fc.tuple(variable, filtered).map(([to, text]) => `{% assign ${to} = ${text} %}`),
      fc.constantFrom(
        '{% break %}',
        '{% continue %}',
        '{% leave %}',
        '{% increment x %}',
        '{% decrement y %}',
        '{% cycle "a", "b" %}',
      ),
      filtered.map((text) => `{% echo ${text} %}`),
      fc.tuple(variable, filtered).map(([to, text]) => `{% liquid\nassign ${to} = ${text}\necho ${to} %}`),
      fc.tuple(variable, inner).map(([to, text]) => `{% capture ${to} %}${text}{% endcapture %}`),
      fc
        .tuple(fc.constantFrom('if', 'unless'), condition, inner, condition, inner, inner)
        .map(
          ([tag, first, one, second, two, three]) =>
            `{% ${tag} ${first} %}${one}{% elsif ${second} %}${two}{% else %}${three}{% end${tag} %}`,
        ),
      fc
        .tuple(filtered, operand, operand, inner, operand, inner, inner)
        .map(
          ([text, first, second, one, third, two, three]) =>
            `{% case ${text} %}{% when ${first}, ${second} %}${one}{% when ${third} %}${two}{% else %}${three}{% endcase %}`,
        ),
      fc
        .tuple(
          variable,
          operand,
          fc.constantFrom('', '', '', ' limit: 1', ' offset: continue', ' reversed'),
          inner,
          inner,
        )
        .map(
          ([item, list, options, one, other]) =>
            `{% for ${item} in ${list}${options} %}${one}{{ ${item} }}{% else %}${other}{% endfor %}`,
        ),
      fc
        .tuple(operand, inner)
        .map(([list, text]) => `{% tablerow item in ${list} %}${text}{% endtablerow %}`),
    ),
  };
});

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(
      null,
      false,
      true,
      0,
      1,
      2,
      12,
      1.5,
      '',
      ' ',
      'a',
      'a,b',
      '12',
      'refused',
      [],
      {},
      '$D_1664890781',
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'list', 'size', 'toString', '__proto__'), tie('value'), {
      maxKeys: 4,
    }),
  ),
}));
const anyEvent = fc.record(
  { a: anyValue, b: anyValue, list: fc.array(anyValue, { maxLength: 4 }), c: anyValue },
  { requiredKeys: ['list'] },
);

describe('a compiled template', () => {
  it.each([
    '{% for x in Event.list %}{{ forloop | json }}{{ forloop }}{% endfor %}',
    '{% for forloop in Event.list %}{{ forloop }}{% endfor %}',
    '{% for x in Event.list %}{% for y in Event.list %}{{ forloop.index }}{{ x }}{{ y }}{% endfor %}{{ forloop.rindex }}{% endfor %}',
    '{% for x in Event.list %}{% assign x = "no" %}{{ x }}{% endfor %}{{ x }}',
    '{% for x in Event.list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% break %}{% endfor %}{{ x }}',
    '{% case Event.a %}{% when 1, 1 %}one{% when 1 %}two{% else %}three{% endcase %}',
    '{% unless Event.a %}x{% elsif Event.a == 1 %}y{% endunless %}',
    '{{ Event }}{{ Event }}',
  ])('gives for %s what liquidjs gives', (text) => {
    const event = { a: 1, list: [1, 2, 3] };
    expect(compiled(engine.parse(text), event)).toEqual(byLiquidjs(engine.parse(text), event));
  });

  it('looks at the clock before each of its parts, as liquidjs does (F37)', () => {
    const checks = (text: string, render: (templates: Template[], context: Context) => void): number => {
      const context = new Context(
        scopeOf({ a: 1, list: [1, 2] }),
        engine.options,
        { sync: true },
        { liquid: engine },
      );
      const check = jest.spyOn(context.renderLimit, 'check');
      render(engine.parse(text), context);
      return check.mock.calls.length;
    };
    const text =
      '{{ Event.a }}b{% if Event.a %}{{ Event.a }}c{{ Event.a }}{% endif %}{% for x in Event.list %}{{ x }}d{% endfor %}';

    const parts = 4 + 3 + 2 * 2;
    expect(
      checks(text, (templates, context) => {
        compileTemplates(engine, templates)(context);
      }),
    ).toBe(parts);
    expect(
      checks(text, (templates, context) => {
        engine.renderSync(templates, context);
      }),
    ).toBeGreaterThanOrEqual(parts);
  });

  it('gives what liquidjs gives, and throws what it throws', () => {
    const kinds = { value: 0, error: 0 };
    fc.assert(
      fc.property(body, anyEvent, (text, event) => {
        let templates: Template[];
        try {
          templates = engine.parse(text);
        } catch {
          fc.pre(false);
          return;
        }
        const expected = byLiquidjs(templates, event);
        kinds[expected.errors === undefined ? 'value' : 'error'] += 1;
        expect(compiled(templates, event)).toEqual(expected);
        // Nothing is left behind.
        expect(compiled(templates, event)).toEqual(expected);
      }),
      { numRuns: Number(process.env['LIQUID_RUNS'] ?? 4000) },
    );
    // Else one of them would never be compared.
    expect(kinds.value).toBeGreaterThan(1000);
    expect(kinds.error).toBeGreaterThan(100);
  });
});
