import * as z from 'zod';
import { createLiquid } from '../../lambda/mapping/liquid';
import { forbiddenNames } from '../../lambda/mapping/properties';
import { propertyTypes, spreadGroups } from '../../lambda/mapping/rule-format';

// The schema of a rule file in `config/mappings/`. It parses every template, so that a broken one fails the
// synthesis and not an event. It is used at synthesis alone: the function must not load zod.

const { parse } = createLiquid();

/** What is wrong with a template, in liquidjs's words, if anything. */
function templateProblem(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/,? line:\d+[^]*$/, '') : 'unknown error';
    const remedy = remedies.find(([pattern]) => pattern.test(problem))?.[1];
    const shown = `${problem}, in the template ${JSON.stringify(text)}`;
    return remedy === undefined ? shown : `${shown}; ${remedy}`;
  }
}

/** What to do, by what liquidjs says. */
const remedies: readonly [RegExp, string][] = [
  [/^undefined filter/, 'correct its name: docs/configuration.md lists the filters'],
  [/^tag ".*" not found/, 'correct its name: docs/configuration.md lists the tags'],
  [/^output .* not closed/, 'close it with }}'],
  [/^tag \{%.* not closed/, 'end it with its end tag, such as {% endif %}'],
  [/^tag .* not closed/, 'close it with %}'],
];

const template = z.string('must be a text, which may be a template').superRefine((text, context) => {
  const problem = templateProblem(text);
  // As an object: a bare text would end the check, and a union would then hide it behind a sentence of its own.
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const filled = template.refine(
  (text) => text.trim() !== '',
  'must not be blank; leave it out for the default',
);

/** Without an output every event would have the same id, and Heap would keep the first alone (F41). */
const id = template.refine((text) => text.includes('{{'), 'must hold an output such as {{ Event.order_id }}');

/** JSON whose texts are templates, at every depth. */
const templates = z
  .record(z.string(), z.json(), 'must be an object of properties')
  .superRefine((object, context) => {
    checkTemplates(object, [], context);
  });

function checkTemplates(json: unknown, path: readonly PropertyKey[], context: z.RefinementCtx): void {
  if (typeof json === 'string') {
    const message = templateProblem(json);
    if (message !== undefined) context.addIssue({ code: 'custom', path: [...path], message });
  } else if (Array.isArray(json)) {
    json.forEach((element, index) => {
      checkTemplates(element, [...path, index], context);
    });
  } else if (typeof json === 'object' && json !== null) {
    for (const [key, member] of Object.entries(json)) {
      if (key === '' || forbiddenNames.has(key)) {
        const message =
          key === '' ? 'a property needs a name' : 'must have another name: this one is not accepted';
        context.addIssue({ code: 'custom', path: [...path, key], message });
      }
      checkTemplates(member, [...path, key], context);
    }
  }
}

/** An id beyond 2^53 would already be rounded as a number. */
const campaignId = 'must be the id of a campaign: the targetId of its webhooks, in digits';

/** One mapping rule; docs/configuration.md describes its keys. */
export const ruleSchema = z.strictObject(
  {
    $schema: z.string('must be the path of config/mapping.schema.json').optional(),
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
        identity: filled.optional(),
        event: filled.optional(),
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
