import type { Change } from '../../lambda/mapping/findings';

/** What each change means to the author of the campaign. */
export const meanings: Record<Change, string> = {
  value_truncated: 'Longer than the 1023 characters that Heap accepts. The rest is cut off.',
  event_name_truncated:
    'The event name is longer than 255 characters. The rest is cut off; choose a shorter name.',
  value_dropped: 'There is no value: null or an empty list, for example. It is left out.',
  type_mismatch:
    'The value does not have the type that "types" in the rule requires. It is left out. Correct the value in CleverTap or the type in the rule.',
  number_rounded:
    'The number has too many digits and is sent rounded. If every digit counts, send it as a string, in quotes.',
  name_collision:
    'Two values have this name, or the name occurs twice. Only one value is sent; rename the other.',
  name_reserved: 'Heap reserves this name. The value is sent as "clevertap_id".',
  unrendered_value:
    'The value still contains a template such as {{ … }}, or a date $D_… that cannot be read. It is sent unchanged. Check the template in the campaign.',
  text_repaired:
    'Characters that cannot be displayed, such as control characters, are removed or replaced; or U+FFFD shows that some were lost earlier.',
  timestamp_replaced:
    'This time cannot be used: write ISO 8601 with a time zone, or seconds since 1970, and no future time. The time of arrival is sent instead, and the original value as "original_timestamp".',
  app_id_placeholder: 'This is a placeholder, not an app id. The app id of the environment is used instead.',
  explicit_id_ignored:
    'The id does not distinguish this event from others: it is empty, a placeholder or a template. It is ignored.',
};
