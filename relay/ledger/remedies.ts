import type { receivesExhausted, RejectionReason } from '../../lambda/contract';

/** What to do about each reason, in a sentence; docs/reasons.md has the whole of it. */
export const remedies: Readonly<Record<RejectionReason | typeof receivesExhausted, string>> = {
  invalid_json: 'Correct the custom body in CleverTap; a quote or line break in a value breaks it.',
  unknown_shape: 'Choose profile variables in CleverTap, or give the custom body an event and an identity.',
  missing_ingress_stamps: 'Post it to the webhook, and find out who else writes to the queue.',
  missing_event_name: 'Add the key-value pair event to the campaign, or use the URL /webhook/{event}.',
  missing_identity: 'Tick the field that names the user in the campaign, or add another to identityOrder.',
  placeholder_identity: 'Take the default: filter out of the campaign, or correct the profiles in CleverTap.',
  identity_not_exact: 'Send the identity as a string: put it in quotes in the custom body.',
  unrendered_template:
    'Correct the template in the campaign; a broadcast takes no Liquid in key-value pairs.',
  app_id_mismatch: 'Take app_id out of the body, or store the right app id with relay token set.',
  nested_too_deep: 'Send the values that are wanted by their names.',
  too_many_properties: 'Send fewer, or less nested, values.',
  property_name_too_long: 'Shorten the name or the nesting.',
  forbidden_property_name: 'Rename the property; if nobody made it, the API key may have leaked.',
  template_failed: 'Correct the rule; relay preview shows what it makes of the body.',
  heap_rejected: 'Check heap in the configuration, and compare the event with what Heap documents.',
  retries_exhausted: 'See to Heap or the app id first, then redrive with relay dlq redrive.',
  internal_error: 'Keep the body, reproduce it with npm start, and report it without personal data.',
  receives_exhausted: 'Look in the log for the end of the function or a missing app id, then redrive.',
};

/** The remedy of a reason that the log names, which may be one of a later version. */
export function remedyFor(reason: string): string {
  const known = Object.entries(remedies).find(([code]) => code === reason)?.[1];
  return `${known ?? 'It is not known to this version of the command.'} docs/reasons.md#${reason}`;
}
