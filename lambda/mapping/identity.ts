import type { SourceEvent } from '../clevertap/decode-message';
import { field } from '../json';
import type { RejectionReason } from '../contract';
import { rejected, type Rejected } from './rejection';
import { holdsTemplate } from './text';

/** Heap's limit (developers.heap.io, "Track"). */
const maxIdentityLength = 255;

/**
 * Values that stand for "nobody". Two users under one of them become one user in Heap, which cannot be undone
 * (help.heap.io, "Identity"; F35).
 */
const placeholders = new Set([
  ...['', 'null', 'undefined', 'none', 'nil', 'nan', 'n/a', 'na', '-', '0', '-1', 'true', 'false'],
  ...['user', 'guest', 'anonymous', 'unknown', 'test', '[object object]'],
]);

/** Addresses under the domains reserved for examples (RFC 2606): CleverTap's guide offers one as a default. */
const exampleAddress = /@(?:[a-z0-9-]+\.)*example\.(?:com|net|org)$/;

const invisible = /[\p{Cc}\p{Cf}]/u;

/** Whether a text holds characters that nobody can see, and that make another text of a known one. */
export const holdsInvisible = (text: string): boolean => invisible.test(text);

/** What the identity of a rule is called beside the names of profile fields. */
const fromRule = 'the rule';

/** Whether a text stands for nobody or nothing, so that it identifies neither a user nor an event. */
export function isPlaceholder(text: string): boolean {
  const folded = text.toLowerCase();
  return placeholders.has(folded) || exampleAddress.test(folded);
}

export interface IdentityOptions {
  /** What a mapping rule makes of the event; it comes before every field of the profile. */
  readonly mapped?: { readonly value: unknown } | undefined;
  /** Whether the environment refuses an identity besides the built-in placeholders. */
  readonly isDenied?: (identity: string) => boolean;
}

/**
 * The identity Heap shall know the user by: what a rule says, else the first usable field
 * of the profile. It is trimmed but never
 * lower-cased, because Heap compares identities byte by byte with those the website sends.
 *
 * @param order names of profile fields, best first
 */
export function chooseIdentity(
  event: SourceEvent,
  order: readonly string[],
  { mapped, isDenied = () => false }: IdentityOptions = {},
): { readonly identity: string } | Rejected {
  const findings: string[] = [];
  let reason: RejectionReason = 'missing_identity';
  for (const name of mapped === undefined ? order : [fromRule, ...order]) {
    const value = name === fromRule ? mapped?.value : field(event.profile, name);
    if (value === undefined || value === null) {
      findings.push(`${name}: missing`);
      continue;
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      // Rounded, it would be somebody else (F33).
      findings.push(`${name}: a number that is no exact integer`);
      reason = 'identity_not_exact';
      continue;
    }
    const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
    if (holdsTemplate(text)) {
      return rejected('unrendered_template', `${name} still holds a template`);
    }
    const problem = identityProblem(text) ?? (isDenied(text) ? 'refused by this environment' : undefined);
    if (problem === undefined) return { identity: text };
    findings.push(`${name}: ${problem}`);
    if (reason === 'missing_identity') reason = 'placeholder_identity';
  }
  return rejected(reason, findings.join('; '));
}

function identityProblem(text: string): string | undefined {
  if (text === '') return 'blank';
  if (isPlaceholder(text)) return 'a placeholder';
  if (text.length > maxIdentityLength) return `longer than ${maxIdentityLength} characters`;
  // A replaced or half character means that the identity is no longer the one the website knows (F16, F34).
  if (text.includes('\uFFFD') || !text.isWellFormed()) return 'not valid Unicode';
  // Nobody can see them, and they make another user of a known one, or a user of a placeholder.
  if (holdsInvisible(text)) return 'holds invisible characters';
  return undefined;
}
