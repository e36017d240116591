import { Token } from 'aws-cdk-lib';
import * as z from 'zod';

const known =
  'must be known at synthesis: a token would become data in Heap; write the value itself, or read it from context';
const plain = 'must be JSON: a string, a finite number, true, false, null, a list or a plain object';

/** Any value that is the same JSON at synthesis and in the function: no token, and nothing that JSON drops or changes. */
export const plainData = z.unknown().superRefine((value, context) => {
  check(value, [], [], context);
});

/** @param around the objects and lists that contain the value */
function check(
  value: unknown,
  path: readonly PropertyKey[],
  around: readonly unknown[],
  context: z.RefinementCtx,
): void {
  const report = (message: string): void => {
    context.addIssue({ code: 'custom', path: [...path], message });
  };
  if (isToken(value)) report(known);
  else if (typeof value === 'number' ? !Number.isFinite(value) : !jsonTypes.has(typeof value)) report(plain);
  else if (typeof value !== 'object' || value === null) return;
  else if (around.includes(value)) report('must not contain itself');
  else if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    // Unlike forEach, this visits the holes of a list.
    for (const [index, element] of list.entries()) {
      check(element, [...path, index], [...around, value], context);
    }
  } else if (!isPlainObject(value)) report(plain);
  else {
    for (const [key, member] of Object.entries(value)) {
      if (isToken(key)) report(`the name of a key ${known}`);
      else if (member !== undefined || !isOptional([...path, key])) {
        check(member, [...path, key], [...around, value], context);
      }
    }
  }
}

const jsonTypes: ReadonlySet<string> = new Set(['string', 'boolean', 'object']);

/** A token in a list of tokens is encoded in another way than one in a string. */
const isToken = (value: unknown): boolean =>
  Token.isUnresolved(value) || (typeof value === 'string' && Token.isUnresolved([value]));

/** Another module system or realm has other prototypes. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a key of a rule may be present and undefined, as props may. */
const isOptional = ([first, ...others]: readonly PropertyKey[]): boolean =>
  others.length === 0 || (others.length === 1 && (first === 'when' || first === 'send'));
