import fc from 'fast-check';

/** Pieces of VTL: as data they must stay what they are. */
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

/** What means something in a form. */
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

/** Any text, mixed with what could mean something on its way to SQS. */
export const hostileBody = fc
  .array(fc.oneof(vtl, form, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '');
