const minSeconds = 30;
const maxSeconds = 3600;

/** SQS hides a message for at most 12 hours after its receive, and the batch itself has used some of that. */
const visibilityLimitSeconds = 42_000;

/**
 * How long to hide a message that must be retried: as long as it has waited so far, which doubles the delay each time.
 * Up to a fifth is added, so that messages that failed together do not return together.
 *
 * @param firstReceivedAt milliseconds since 1970, by SQS's clock: it survives restarts of the function
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

/** How long to hide a message that was not attempted. Heap accepts events, so it is retried soon. */
export const unattemptedDelaySeconds = (random: number): number => Math.ceil(30 + 30 * random);

/**
 * How long a message stays hidden if the function dies. One message may be the cause: scattered over nine minutes, the
 * others return without it. The shortest delay is longer than an invocation.
 */
export const crashDelaySeconds = (random: number): number => Math.ceil(180 + 540 * random);
