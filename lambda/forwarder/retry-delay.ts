const minSeconds = 30;
const maxSeconds = 3600;

/** SQS hides a message for at most 12 hours from its receive; the batch itself has used up some of that. */
const visibilityLimitSeconds = 42_000;

/**
 * How long a message that must be retried stays hidden: as long as it has been waiting already, so that the delay doubles
 * each time, and up to a fifth more, so that messages that failed together come back apart.
 *
 * @param firstReceivedAt milliseconds since 1970, as SQS counts: it survives restarts of ours
 * @param retryAfterSeconds what Heap asked for; it can only lengthen the delay
 * @param random from 0 to 1
 */
export function retryDelaySeconds(
  { firstReceivedAt, now, random }: Readonly<Record<'firstReceivedAt' | 'now' | 'random', number>>,
  retryAfterSeconds = 0,
): number {
  const waited = (now - firstReceivedAt) / 1000;
  const base = Math.min(Math.max(waited, minSeconds), maxSeconds);
  const delay = Math.max(base * (1 + 0.2 * random), retryAfterSeconds);
  return Math.min(Math.ceil(delay), visibilityLimitSeconds);
}

/** How long a message stays hidden for which there was no time. Heap takes events, so it is retried soon. */
export const unattemptedDelaySeconds = (random: number): number => Math.ceil(30 + 30 * random);

/**
 * How long a message stays hidden if the function dies while it holds it, which may be what kills it: scattered over nine
 * minutes, its neighbours come back without it. The shortest is longer than an invocation.
 */
export const crashDelaySeconds = (random: number): number => Math.ceil(180 + 540 * random);
