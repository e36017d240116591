import { remedyFor } from '../remedies';
import type { FeedRow } from './feed';

/** What to do, and a key that distinguishes it from other advice. */
export interface Advice {
  readonly about: string;
  readonly sentence: string;
}

/** What to do about a row: about each reason, or about waiting events. */
export function adviceOf({ kind, reasons, detail }: FeedRow): Advice[] {
  if (kind === 'waiting') return adviceOfWaiting(detail ?? '');
  return Object.keys(reasons).map((about) => {
    // The log's finding is for the first reason only.
    const found = detail === null || Object.keys(reasons).length > 1 ? '' : `${detail}. `;
    return { about, sentence: `${about}: ${found}${remedyFor(about)}` };
  });
}

function adviceOfWaiting(cause: string): Advice[] {
  if (cause.includes('Heap app id') || cause.includes('Heap token'))
    return [
      {
        about: 'token',
        sentence: 'Store the app id with "relay token set"; then all waiting events are sent.',
      },
    ];
  if (/ 40[13]\b/.test(cause))
    return [
      {
        about: 'refused',
        sentence: 'Heap refuses the app id or the token: store the right ones with "relay token set".',
      },
    ];
  if (/ 3\d\d\b/.test(cause))
    return [{ about: 'redirected', sentence: 'Heap redirects: correct the host in "heap" of the settings.' }];
  if (!cause.startsWith('Heap')) return [];
  return [
    {
      about: 'down',
      sentence:
        'Nothing to do: it is sent once Heap accepts it. After 24 hours it becomes a dead letter, retries_exhausted, which "relay dlq redrive" sends again.',
    },
  ];
}
