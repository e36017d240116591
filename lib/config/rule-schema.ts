import { analyzeSync, type Liquid, type StaticAnalysis } from 'liquidjs';
import * as z from 'zod';
import { createEngine } from '../../lambda/mapping/liquid';
import { forbiddenNames } from '../../lambda/mapping/properties';
import { propertyTypes, scopeNames, spreadGroups } from '../../lambda/mapping/rule-format';
import { readTemplate, TemplateSyntaxError, type TemplateNames } from './template-syntax';

// The schema of rule files. It parses every template, so a broken one fails the synthesis instead of an
// event. Used only at synthesis: the function must not load zod.

const engines = { plain: createEngine(false), strict: createEngine(true) };

interface TemplateError {
  readonly message: string;
  /** 0-based offset in the template; undefined if the whole template is wrong. */
  readonly offset: number | undefined;
}

/**
 * Returns what is wrong with a template, or undefined.
 *
 * @param engine renders the template
 */
function templateError(text: string, engine = engines.plain): TemplateError | undefined {
  try {
    const parsed = engine.parse(text);
    checkNames(readTemplate(text), analyzeSync(parsed, { partials: false }));
    return undefined;
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/,? line:\d+[^]*$/, '') : 'unknown error';
    const known = error instanceof TemplateSyntaxError ? error : undefined;
    const remedy = known?.remedy ?? remedies.find(([pattern]) => pattern.test(problem))?.[1];
    const shown = `${problem}, in the template ${JSON.stringify(text)}`;
    return { message: remedy === undefined ? shown : `${shown}; ${remedy}`, offset: known?.offset };
  }
}

/** What to do, by liquidjs's message. */
const remedies: readonly [RegExp, string][] = [
  [/^undefined filter: raw/, 'remove it: an identity or id must not skip the check of its outputs'],
  [
    /^undefined filter: \w+_exp\b/,
    'use an if inside a for: filters that take a quoted expression cannot be checked',
  ],
  [/^undefined filter/, 'correct its name: docs/configuration.md lists the filters'],
  [/^tag ".*" not found/, 'correct its name: docs/configuration.md lists the tags'],
  [/^output .* not closed/, 'close it with }}'],
  [/^tag \{%.* not closed/, 'end it with its end tag, such as {% endif %}'],
  [/^tag .* not closed/, 'close it with %}'],
  [
    /^expected "\|" before filter/,
    'write names with other characters than letters and digits as Event["Order #"]',
  ],
];

/** @throws {TemplateSyntaxError} for an undefined name */
function checkNames({ roots, variables }: TemplateNames, analysis: StaticAnalysis): void {
  for (const { name, offset } of roots) {
    // liquidjs does not analyze the operands of `cycle`.
    const isOwn = Object.hasOwn(analysis.variables, name)
      ? !Object.hasOwn(analysis.globals, name)
      : variables.has(name) || name === 'forloop' || name === 'tablerowloop';
    if (!isOwn && !isScopeName(name)) {
      throw new TemplateSyntaxError(`unknown name ${name}`, offset, nameRemedy(name));
    }
  }
}

const isScopeName = (name: string): boolean => scopeNames.some((known) => known === name);

function nameRemedy(name: string): string {
  if (name === 'now' || name === 'today') return `write '${name}' in quotes`;
  const folded = name.toLowerCase().replaceAll('_', '');
  const near = scopeNames.find((known) => isNear(folded, known.toLowerCase()));
  return near === undefined ? `templates know ${scopeNames.join(', ')}` : `did you mean ${near}?`;
}

/** Whether one is a prefix of the other, or they differ in one letter or two swapped letters. */
function isNear(name: string, known: string): boolean {
  if (name.length >= 3 && (known.startsWith(name) || name.startsWith(known))) return true;
  let same = 0;
  while (same < known.length && name.charAt(same) === known.charAt(same)) same += 1;
  const [rest, wanted] = [name.slice(same), known.slice(same)];
  return (
    [rest, rest.slice(1)].includes(wanted.slice(1)) ||
    rest.slice(1) === wanted ||
    rest === wanted.slice(1, 2) + wanted.slice(0, 1) + wanted.slice(2)
  );
}

/** A string that may be a template. */
const templateOf = (engine: Liquid): z.ZodString =>
  z.string('must be a string, which may be a template').superRefine((text, context) => {
    const error = templateError(text, engine);
    // An object: after a bare string zod would stop, and a union would replace the message with its own.
    if (error !== undefined) context.addIssue(issueOf(error));
  });

const issueOf = (
  { message, offset }: TemplateError,
  path: readonly PropertyKey[] = [],
): z.core.$ZodRawIssue => ({
  code: 'custom',
  path: [...path],
  message,
  params: { offset },
  input: undefined,
});

const isFilled = (text: string): boolean => text.trim() !== '';
const filled = 'must not be blank; leave it out for the default';

const template = templateOf(engines.plain);

/** Without an output, every event would have the same id and Heap would keep only the first. */
const id = templateOf(engines.strict).refine(
  (text) => text.includes('{{'),
  'must contain an output such as {{ Event.order_id }}',
);

/** JSON whose strings are templates, at every depth. */
const templates = z
  .record(z.string(), z.json(), 'must be an object of properties')
  .superRefine((object, context) => {
    checkTemplates(object, [], context);
  });

function checkTemplates(json: unknown, path: readonly PropertyKey[], context: z.RefinementCtx): void {
  if (typeof json === 'string') {
    const error = templateError(json);
    if (error !== undefined) context.addIssue(issueOf(error, path));
  } else if (Array.isArray(json)) {
    json.forEach((element, index) => {
      checkTemplates(element, [...path, index], context);
    });
  } else if (typeof json === 'object' && json !== null) {
    for (const [key, member] of Object.entries(json)) {
      if (key === '' || forbiddenNames.has(key)) {
        const message = key === '' ? 'must have a name' : 'must have another name: this one is not accepted';
        context.addIssue({ code: 'custom', path: [...path, key], message });
      }
      checkTemplates(member, [...path, key], context);
    }
  }
}

/** JSON numbers beyond 2^53 are already rounded, so only digits in a string are exact. */
const campaignId = 'must be a campaign id: the targetId of its webhooks, in digits';

/** One mapping rule; docs/configuration.md describes its keys. */
export const ruleSchema = z.strictObject(
  {
    $schema: z.string('must be the path of mapping.schema.json').optional(),
    when: z
      .strictObject(
        {
          event: z
            .string('must be the name of an event')
            .trim()
            .min(1, 'must be the name of an event')
            .optional(),
          campaign: z
            .union([z.int(campaignId), z.string().regex(/^\d+$/, campaignId)], campaignId)
            .optional(),
        },
        'must be an object such as { "event": "Purchase" }',
      )
      .refine(
        ({ event, campaign }) => event !== undefined || campaign !== undefined,
        'must name an event or a campaign',
      ),
    send: z.strictObject(
      {
        app_id: z.union([template, z.int()], 'must be a Heap app id or a template').optional(),
        identity: templateOf(engines.strict).refine(isFilled, filled).optional(),
        event: template.refine(isFilled, filled).optional(),
        timestamp: z.union([template, z.number()], 'must be a number or a template').optional(),
        idempotency_key: id.optional(),
        properties: templates.optional(),
      },
      'must be an object such as { "event": "Purchase", "properties": {} }',
    ),
    types: z
      .record(
        z.string(),
        z.enum(propertyTypes, `must be one of ${propertyTypes.join(', ')}`),
        'must be an object such as { "value": "number" }',
      )
      .optional(),
    spread: z
      .array(
        z.enum(spreadGroups, `must be one of ${spreadGroups.join(', ')}`),
        `must be a list of ${spreadGroups.join(', ')}`,
      )
      .optional(),
    userProperties: templates.optional(),
  },
  'must be a rule: an object with when and send',
);
