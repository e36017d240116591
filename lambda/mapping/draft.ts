import type { JsonObject } from '../json';
import type { ExplicitId } from './idempotency-key';
import type { IdentityCandidate } from './identity';
import type { PropertyType } from './rule-format';

/** What an event would be in Heap, before it is judged. Both the default mapping and rules produce drafts. */
export interface Draft {
  /** The rule that made it; undefined for the default mapping. */
  readonly rule: string | undefined;
  /** Outputs of the rule's templates without a value for this event, as the rule spells them. */
  readonly missingOutputs?: ReadonlySet<string>;
  /** App ids named by the rule and by the payload. */
  readonly appIds: readonly unknown[];
  /** The event's name; blank if there is none. */
  readonly name: string;
  /** Best first. */
  readonly identities: readonly IdentityCandidate[];
  readonly explicitId: ExplicitId;
  /** When it happened, in any notation; undefined means the time of arrival. */
  readonly time: unknown;
  /** Groups of values that become properties. If two have the same name, the first wins. */
  readonly properties: readonly PropertyGroup[];
  readonly types: ReadonlyMap<string, PropertyType>;
  /** Properties of the user; undefined if there are none. */
  readonly userProperties: JsonObject | undefined;
}

export interface PropertyGroup {
  readonly values: JsonObject;
  /** Lower-case names already used for the event's name, identity, id or time. They do not become properties. */
  readonly usedUp?: readonly string[];
}
