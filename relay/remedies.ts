import type { receivesExhausted, RejectionReason } from '../lambda/contract';

/** What to do about a rejection. */
interface Remedy {
  /** One or two lines of a terminal, for the operator and the marketer. */
  readonly short: string;
  /** More for someone who has the payload at hand. */
  readonly more?: string;
}

/** What to do about each reason. docs/reasons.md explains each in full. */
export const remedies: Readonly<Record<RejectionReason | typeof receivesExhausted, Remedy>> = {
  invalid_json: {
    short: 'Correct the custom body in CleverTap: a quote or line break in a value breaks the JSON.',
    more: 'CleverTap does not escape either when it fills in a value.',
  },
  unknown_shape: {
    short: 'Choose profile variables in CleverTap, or give the custom body an event and an identity.',
    more: 'The body type is "Profile variables & custom key value pairs", the fields are "event" and "identity".',
  },
  missing_ingress_stamps: {
    short: 'Post it to the webhook, and find out who else writes to the queue.',
  },
  missing_event_name: {
    short: 'Add "event" as a key-value pair or in the custom body, or use the URL /webhook/{event}.',
  },
  missing_identity: {
    short: 'Tick the field that identifies the user in the campaign, or add another to identityOrder.',
    more: 'In a custom body, add "identity". It must hold what the website gives Heap as the identity.',
  },
  placeholder_identity: {
    short: 'Remove the "default:" filter from the campaign, or correct the profiles in CleverTap.',
    more: 'Or leave users without this value out of the campaign. All of them would become one user in Heap, which cannot be undone.',
  },
  identity_not_exact: {
    short: 'Send the identity as a string: put it in quotes in the custom body.',
    more: 'Such a number would be rounded to that of another user.',
  },
  unrendered_template: {
    short: 'Correct the template in the campaign; a broadcast renders no Liquid in key-value pairs.',
    more: 'If this body is copied from the campaign editor, it still holds its templates: preview one that CleverTap sent, or put in values. Remove a "default:" such as \'user@example.com\' from the identity.',
  },
  app_id_mismatch: {
    short: 'Correct "app_id" in the body or remove it, or store its app id with "relay token set".',
  },
  nested_too_deep: { short: 'Send only the values you need, each under a name of its own.' },
  too_many_properties: { short: 'Send fewer values, or nest them less.' },
  property_name_too_long: { short: 'Shorten the name, or nest the value less deeply.' },
  forbidden_property_name: {
    short: 'Rename the property. If no campaign sets it, the API key may have leaked.',
  },
  template_failed: { short: 'Correct the template in the rule, or the value that it cannot handle.' },
  heap_rejected: { short: 'Check "heap" in the settings, and compare the event with what Heap documents.' },
  retries_exhausted: { short: 'Fix the app id or wait for Heap to recover, then run "relay dlq redrive".' },
  internal_error: {
    short: 'Keep the body, reproduce the error with npm start, and report it without personal data.',
  },
  receives_exhausted: {
    short: 'Search the log for a crash of the function or a missing app id, then redrive.',
  },
};

/** The remedy of a reason in the log, which a later version may have added, and its section of docs/reasons.md. */
export function remedyFor(reason: string): string {
  const known = Object.entries(remedies).find(([code]) => code === reason)?.[1];
  return `${known?.short ?? 'This version of the command does not know it.'} docs/reasons.md#${reason}`;
}

/** The full remedy of a rejected event, given what was found in it. */
export function fullRemedyFor(reason: RejectionReason, detail: string | null): string {
  if (reason === 'missing_event_name' && detail?.endsWith('rendered its event to nothing') === true) {
    return 'Correct the template "event" of this rule, or leave "event" out: the event then keeps its name.';
  }
  const { short, more } = remedies[reason];
  return more === undefined ? short : `${short} ${more}`;
}
