import { duration, count } from '../terminal/terminal-text';
import { printGroups, Summary, type DeadLetterGroup, type SummaryOptions } from './summary';
import { countsOf, visitDeadLetters, type QueueRef, type VisitOptions } from './visit-dead-letters';

export interface DeadLetterList {
  readonly queueUrl: string;
  readonly letters: number;
  readonly events: number;
  /** False if the list was interrupted, or another process was reading the queue at the same time. */
  readonly complete: boolean;
  /** When the oldest dead letter was sent; ms since 1970, null without dead letters. */
  readonly oldestSentAt: number | null;
  /** When SQS will delete the oldest dead letter; ms since 1970, null without dead letters. */
  readonly firstExpiresAt: number | null;
  readonly groups: readonly DeadLetterGroup[];
}

/** Lists the dead letters of a queue and leaves them there. */
export async function listDeadLetters(
  queue: QueueRef,
  options: SummaryOptions & VisitOptions & { readonly reason?: string },
): Promise<DeadLetterList> {
  const summary = new Summary(options);
  const { retentionMs } = await countsOf(queue);
  const { isComplete } = await visitDeadLetters(
    queue,
    (letters) => {
      for (const letter of letters)
        if (options.reason === undefined || letter.reason === options.reason) summary.add(letter);
      return Promise.resolve([]);
    },
    options,
  );
  const groups = summary.all;
  const oldest = Math.min(...groups.map(({ oldestSentAt }) => oldestSentAt));
  return {
    queueUrl: queue.url,
    letters: summary.letters,
    events: summary.events,
    complete: isComplete,
    oldestSentAt: groups.length === 0 ? null : oldest,
    firstExpiresAt: groups.length === 0 ? null : oldest + retentionMs,
    groups,
  };
}

export function printList(list: DeadLetterList, now: number, { show }: SummaryOptions): string {
  if (list.letters === 0) return list.complete ? 'No dead letters.' : 'No dead letters seen so far.';
  return [
    `${count(list.letters, 'dead letter')} with ${count(list.events, 'event')}. ` +
      `The oldest is ${duration(now - (list.oldestSentAt ?? now))} old; SQS deletes it in ${duration((list.firstExpiresAt ?? now) - now)}.`,
    ...(list.complete
      ? []
      : ['Not all: the list was interrupted, or dead letters are being read elsewhere.']),
    '',
    printGroups(list.groups, now),
    '',
    'docs/reasons.md says what each reason means and what to do.' +
      (show ? '' : ' Values are masked; --show prints them, personal data included.'),
  ].join('\n');
}
