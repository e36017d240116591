import type { SourceEvent } from '../clevertap/decode-message';
import { campaignIdOf, sentName } from '../mapping/default-mapping';

/** Where events come from, in a form that is safe to log. */
export interface Origin {
  /** The campaign's id in CleverTap; undefined for a custom body, which has none. */
  readonly campaign: string | undefined;
  /** The event's name before any rule; `other` if it does not look like a name. */
  readonly event: string;
}

export const otherOrigin: Origin = { campaign: undefined, event: 'other' };

/** The origin of an event. A value that could be an e-mail address or a personal number is left out. */
export function originOf(source: SourceEvent): Origin {
  const id = source.body === undefined ? campaignIdOf(source) : '';
  return { campaign: /^\d{1,15}$/.test(id) ? id : undefined, event: loggableName(sentName(source).name) };
}

/** Words and separators: no e-mail address, no JSON, and no five digits that could be personal. */
const name = /^(?=.*\p{L})(?!.*\p{N}(?:[^\p{L}\p{N}]*\p{N}){4})[\p{L}\p{M}\p{N} _.,:;/&+()'’!?#|–-]{1,64}$/u;

export const loggableName = (value: string): string => (name.test(value) ? value : otherOrigin.event);
