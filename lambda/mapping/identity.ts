import { identityFields, type RejectionReason } from '../contract';
import { rejected, type Rejected } from './findings';
import { holdsInvisible, holdsTemplate } from './strings';

/** Heap's limit (developers.heap.io, "Track"). */
const maxIdentityLength = 255;

/** Values that mean "no user". Users who share one are merged in Heap for good (help.heap.io, "Identity"). */
const placeholders: ReadonlySet<string> = new Set([
  ...['null', 'undefined', 'none', 'nil', 'nan', 'n/a', 'n.a', 'na', '-1', 'true', 'false', 'object object'],
  ...['unset', 'not set', 'not_set', 'empty', 'default', 'dummy', 'unknown', 'test', 'user', 'guest', 'anon'],
  ...['anonymous', 'not_authenticated', 'lmy47d', 'distinct_id', 'distinctid', 'user_id', 'userid', 'id'],
  ...identityFields.map((name) => name.toLowerCase()),
]);

/** Only zeros and punctuation, such as a UUID of zeros, or the UUID of ones (RFC 9562). */
const blank = /^(?:[\p{P}\s0+=<>|~^\x60$]*|f{8}-(?:f{4}-){3}f{12})$/u;

/** Addresses in the domains reserved for examples (RFC 2606). CleverTap's guide suggests one as a default. */
const exampleAddress = /@(?:[^@]*\.)?example(?:\.(?:com|net|org))?[\s.>]*$/;

/** Other systems' templates, as whole values: `[[email]]`, `*|EMAIL|*`, `%%email%%`, `@{Profile.Email}`, `<%= email %>`. */
const foreignTemplate = /^(?:\[\[.*\]\]|\*\|.*\|\*|%%.*%%|[@#]\{.*\}|<%.*%>|\{[a-z_.]+\}|%[a-z_.]+%)$/s;

/** One pair of quotes, brackets or parentheses around a value. */
const pair = /^(?:"(.*)"|'(.*)'|`(.*)`|“(.*)”|‘(.*)’|\((.*)\)|\[(.*)\]|\{(.*)\}|<(.*)>)$/s;

/** Whether a string is a placeholder, which identifies neither a user nor an event. */
export function isPlaceholder(value: string): boolean {
  const folded = withoutDot(value.toLowerCase());
  const bare = withoutDot(pair.exec(folded)?.slice(1).join('') ?? folded);
  return (
    placeholders.has(bare) || blank.test(bare) || exampleAddress.test(bare) || foreignTemplate.test(folded)
  );
}

const withoutDot = (value: string): string => value.trim().replace(/\.$/, '');

/** A value that may identify the user, and where it comes from. */
export interface IdentityCandidate {
  readonly from: string;
  readonly value: unknown;
}

/**
 * The identity by which Heap knows the user: the first usable candidate. It is trimmed but never lower-cased, because
 * Heap compares it byte by byte with the identities that the website sends.
 *
 * @param candidates best first
 * @param isDenied whether the environment denies an identity that is not a built-in placeholder
 */
export function chooseIdentity(
  candidates: readonly IdentityCandidate[],
  isDenied: (identity: string) => boolean = () => false,
): { readonly identity: string } | Rejected {
  const findings: string[] = [];
  let reason: RejectionReason = 'missing_identity';
  for (const { from, value } of candidates) {
    if (value === undefined || value === null) {
      findings.push(`${from}: missing`);
      continue;
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      // Rounded, it would be another user.
      findings.push(`${from}: a number, but not an exact integer`);
      reason = 'identity_not_exact';
      continue;
    }
    const identity =
      typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
    if (holdsTemplate(identity)) {
      return rejected('unrendered_template', `${from} still holds a template`);
    }
    const error = identityError(identity) ?? (isDenied(identity) ? 'refused by this environment' : undefined);
    if (error === undefined) return { identity };
    findings.push(`${from}: ${error}`);
    if (reason === 'missing_identity') reason = 'placeholder_identity';
  }
  return rejected(reason, findings.join('; '));
}

function identityError(identity: string): string | undefined {
  if (identity === '') return 'blank';
  if (isPlaceholder(identity)) return 'a placeholder';
  if (identity.length > maxIdentityLength) return `longer than ${maxIdentityLength} characters`;
  // With a replaced or incomplete character, it no longer matches the identity from the website.
  if (identity.includes('\uFFFD') || !identity.isWellFormed()) return 'not valid Unicode';
  if (holdsInvisible(identity)) return 'holds invisible characters';
  return undefined;
}
