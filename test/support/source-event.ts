import { hash } from 'node:crypto';
import { decodeMessage, isUnreadable, type SourceEvent } from '../../lambda/clevertap/decode-message';
import type { MappingContext } from '../../lambda/mapping/map-event';
import { compileMapping, unexpectedTemplate } from '../../lambda/mapping/mapping';
import { noMapping } from '../../lambda/mapping/rule-format';
import { RECEIVED_AT } from './sqs-record';

/** The events of a readable message. A message that is not a string is serialized. */
export function sourcesOf(message: unknown, pathEvent?: string): SourceEvent[] {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const decoded = decodeMessage(text, pathEvent);
  if (decoded.kind !== 'events') throw new Error(`not a message with events: ${text}`);
  return decoded.events.map((event) => {
    if (isUnreadable(event)) throw new Error(`an unreadable event: ${text}`);
    return event;
  });
}

/** The first event of a message. */
export const sourceOf = (message: unknown, pathEvent?: string): SourceEvent =>
  sourcesOf(message, pathEvent)[0]!;

/** The event of CleverTap's own payload for a single profile. */
export const stockSource = (profile: object, request: object = {}, pathEvent?: string): SourceEvent =>
  sourceOf({ ...request, profiles: [profile] }, pathEvent);

/** What the mapping knows in addition to the event, with the defaults of an environment. */
export const mappingContext = (overrides: Partial<MappingContext> = {}): MappingContext => ({
  appId: '11',
  receivedAt: RECEIVED_AT,
  requestId: 'request-1',
  identityOrder: ['identity', 'email'],
  dedupeWindowMs: 600_000,
  mapping: compileMapping(noMapping, unexpectedTemplate),
  sha256: (value) => hash('sha256', value),
  ...overrides,
});
