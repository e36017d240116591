import type { RejectionReason } from '../../lambda/contract';
import type { Change } from '../../lambda/mapping/findings';

/** What each change means to the one who made the campaign. */
export const meanings: Record<Change, string> = {
  value_truncated: 'Longer than the 1023 characters Heap takes. The rest is cut off.',
  event_name_truncated:
    'The name of the event is longer than 255 characters. The rest is cut off; choose a shorter name.',
  value_dropped: 'There is no value, such as null or an empty list. It is left out.',
  type_mismatch:
    'The value is not of the type that "types" in the rule asks for. It is left out. Correct the value in CleverTap or the type in the rule.',
  number_rounded:
    'The number has more digits than a number can hold. It is sent rounded; send it as a text, in quotes, if every digit counts.',
  name_collision:
    'Two values come under this name, or the name stands twice. Only one is sent; give the other another name.',
  name_reserved: 'Heap keeps this name for itself. The value is sent as "clevertap_id".',
  unrendered_value:
    'The value still holds a template such as {{ … }}, or a date $D_… that cannot be read, and is sent as it stands. Check the template in the campaign.',
  text_repaired:
    'Characters that cannot be shown, such as control characters, are taken out or replaced; or U+FFFD shows that some were lost before.',
  timestamp_replaced:
    'This is no time that can be used: write ISO 8601 with a time zone, or seconds since 1970, and no time to come. The time of arrival is sent instead, and what stood there as "original_timestamp".',
  app_id_placeholder: 'This is no app id but a placeholder. The app id of the environment is used instead.',
  explicit_id_ignored:
    'The id does not tell this event from others: it is empty, a placeholder or a template. It is not used.',
};

/** What to do about a rejection. The reasons that are missing here cannot come up in a preview. */
const remedies: Partial<Record<RejectionReason, string>> = {
  invalid_json:
    'Correct the JSON at this place. If a value that the campaign fills in stands there: CleverTap does not escape quotes and line breaks in it.',
  unknown_shape:
    'Choose the body "Profile variables & custom key value pairs" in CleverTap, or give a custom body at least the fields "event" and "identity".',
  missing_event_name:
    'Add a key-value pair "event" to the campaign, or a field "event" to its custom body. Or put the name into the URL: /webhook/{event}.',
  missing_identity:
    'Tick the field among the profile variables of the campaign, or add "identity" to its custom body. It must hold what the website gives to Heap as identity.',
  placeholder_identity:
    'Take a "default:" out of the template, correct the profile in CleverTap, or leave users without this value out of the campaign. All of them would become one user in Heap, which cannot be undone.',
  identity_not_exact: 'Put the identity in quotes. Such a number would be rounded to another user.',
  unrendered_template:
    'A body copied from the campaign editor still holds its templates: preview one that CleverTap sent, or put in values. Take a "default:" such as \'user@example.com\' out of the identity. If CleverTap sent this, correct the template in the campaign.',
  app_id_mismatch: 'Take "app_id" out of the payload or correct it: it must be that of the environment.',
  nested_too_deep: 'Send only the values you need, each under a name of its own.',
  too_many_properties: 'Send fewer values.',
  property_name_too_long: 'Shorten the name, or nest the value less deeply.',
  forbidden_property_name: 'Give the property another name.',
  template_failed: 'Correct the template in this rule, or the value that it cannot work with.',
};

/** What to do about a rejection, by what was found. */
export function remedyFor(reason: RejectionReason, detail: string | null): string {
  if (reason === 'missing_event_name' && detail?.endsWith('rendered its event to nothing') === true) {
    return 'Correct the template "event" of this rule, or leave "event" out: the event then keeps its name.';
  }
  return remedies[reason] ?? 'See docs/reasons.md.';
}
