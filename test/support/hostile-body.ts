import fc from 'fast-check';
import { anyCharacter } from './any-character';

/** Fragments of VTL, which must stay unchanged as data. */
const vtl = fc.constantFrom(
  '#set($context.responseOverride.status = 418)',
  '${context.extendedRequestId}',
  '$util.urlEncode("a")',
  '$input.body',
  '#if(true)#else#end',
  '#foreach($i in [1..9])$i#end',
  '#[[raw]]#',
  '\\$x',
);

/** Characters and sequences with a meaning in a form. */
const form = fc.constantFrom(
  '&Action=DeleteQueue',
  '&MessageBody=x',
  '+',
  '%',
  '%26',
  '=',
  '"',
  "'",
  '\n',
  '#',
  ';',
);

/** Any string, mixed with sequences that could have a meaning on the way to SQS. */
export const hostileBody = fc
  .array(fc.oneof(vtl, form, fc.string({ unit: anyCharacter })), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '');
