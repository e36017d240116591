import type { SQSRecord } from 'aws-lambda';
import { mapInSlices, Message, release, type ForwardingRules } from '../lambda/forwarder/message';
import { toBulks, trackBody, type Body } from '../lambda/heap/bulk-request';

/** Any digits do. */
export const appId = '1234567890';

/** The forwarder's rules as an environment has them by default. */
export const defaultRules: ForwardingRules = {
  identityOrder: ['identity', 'email'],
  dedupeWindowMs: 600_000,
};

/**
 * All that happens to messages between SQS and Heap, on one thread: decoding, identity, properties, key, limits.
 *
 * @returns the bodies of the bulk requests
 * @throws when an event is not mapped: the benchmarks have none such
 */
export function transform(records: readonly SQSRecord[], rules: ForwardingRules): Body[] {
  const messages = records.map((record) => new Message(record, refuse));
  const bodies: Body[] = [];
  for (const slice of mapInSlices(messages, appId, rules, refuse)) {
    if (slice === 'unfinished') continue;
    for (const bulk of toBulks(slice)) bodies.push(trackBody(appId, bulk));
    release(slice);
  }
  for (const { entries } of messages) if (entries.some(({ fate }) => fate !== undefined)) refuse();
  return bodies;
}

function refuse(): never {
  throw new Error('an event of the benchmarks was not mapped');
}

/** The body of a request as text. */
export const textOf = (body: Body): string => Buffer.concat(body).toString();

/** The least any program in JavaScript does: it reads the messages and writes bulk requests that are ready. */
export function floorOf(records: readonly SQSRecord[], bodies: readonly Body[]): () => string[] {
  const ready = bodies.map((body): unknown => JSON.parse(textOf(body)));
  return () => {
    const read = records.map(({ body }): unknown => JSON.parse(body));
    return read.length === records.length ? ready.map((body) => JSON.stringify(body)) : [];
  };
}
