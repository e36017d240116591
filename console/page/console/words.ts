import type { EventState, FeedRow, HeapStatus } from '../../wire';
import type { HeapMode } from '../../../local/heap/fake-heap';
import { duration, grouped } from '../../../relay/terminal/terminal-text';

/** How a state looks: each tone has a colour and a mark, because colour alone is not accessible. */
export type Tone = 'good' | 'bad' | 'waiting' | 'plain';

export const toneOf = (state: EventState): Tone => {
  switch (state.kind) {
    case 'delivered':
      return 'good';
    case 'queued':
      return 'waiting';
    case 'rejected':
    case 'missing':
      return 'bad';
    case 'ignored':
      return 'plain';
  }
};

export const markOf: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', waiting: '…', plain: '·' };

/** The current time in milliseconds since 1970, or `stopped` once the stack has stopped. */
export type Now = number | 'stopped';

/** The state of an event, e.g. `delivered in 1.2 s` or `waiting, 3rd attempt, next in 40 s`. */
export function stateWords(state: EventState, now: Now): string {
  switch (state.kind) {
    case 'delivered':
      if (state.forgottenAt !== undefined) return 'delivered, but Heap was reset since';
      if (state.countedOnceWith !== null) return 'counted once: Heap had it already';
      return state.afterMs === null ? 'delivered' : `delivered in ${duration(state.afterMs)}`;
    case 'queued':
      return waitingWords(state, now);
    case 'rejected':
      return `rejected: ${state.reason}`;
    case 'ignored':
      return 'ignored';
    case 'missing':
      return 'missing: not in Heap, the queue or the dead letters';
  }
}

function waitingWords(
  { attempts, nextTryAt }: Extract<EventState, { readonly kind: 'queued' }>,
  now: Now,
): string {
  if (now === 'stopped') return 'not delivered when the stack stopped';
  if (attempts === 0) return 'waiting for its first attempt';
  const attempt = `waiting, ${ordinal(attempts)} attempt`;
  return nextTryAt === null ? attempt : `${attempt}, next ${untilWords(nextTryAt, now)}`;
}

/** `in 40 s`. Whole seconds keep a countdown from flickering. */
export function untilWords(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / 1000);
  return seconds > 0 ? `in ${duration(seconds * 1000).replace('.0 s', ' s')}` : 'now';
}

/** The state of a row of several events, e.g. `2 delivered, 1 rejected: placeholder_identity`. */
export function rowWords({ events, counts, state }: FeedRow, now: Now): string {
  const places = (['rejected', 'missing', 'queued', 'delivered', 'ignored'] as const).filter(
    (place) => counts[place] > 0,
  );
  if (events === 1 || places.length === 0) return stateWords(state, now);
  if (places.length === 1) {
    const words = stateWords(state, now);
    return `${events === 2 ? 'both' : `all ${grouped(events)}`} ${words}`;
  }
  const parts = places.map((place) => `${grouped(counts[place])} ${place === 'queued' ? 'waiting' : place}`);
  return parts.join(', ');
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(number: number): string {
  const [tens, ones] = [Math.floor(number / 10) % 10, number % 10];
  const ending = tens === 1 ? undefined : (['st', 'nd', 'rd'] as const)[ones - 1];
  return `${grouped(number)}${ending ?? 'th'}`;
}

/** The health of Heap by the last request. A recovery shows only with the next request. */
export function healthWords({ health, said, nextProbeAt }: HeapStatus, now: number): string {
  switch (health) {
    case 'unknown':
      return 'Heap: no request yet';
    case 'ok':
      return 'Heap accepts events';
    case 'failing':
    case 'throttled': {
      const last = `Last request: ${said ?? 'Heap failed'}`;
      return nextProbeAt === null ? last : `${last}, next one ${untilWords(nextProbeAt, now)}`;
    }
  }
}

export const healthTone: Readonly<Record<HeapStatus['health'], Tone>> = {
  unknown: 'plain',
  ok: 'good',
  failing: 'bad',
  throttled: 'waiting',
};

/** The modes of the fake Heap. The first group has the most common ones. */
export const modeGroups: readonly {
  readonly label: string;
  readonly modes: readonly (readonly [HeapMode, string])[];
}[] = [
  {
    label: 'Common',
    modes: [
      ['ok', 'ok: accepts everything'],
      ['500', '500: server error'],
      ['429', '429: too many requests'],
      ['timeout', 'timeout: never answers'],
      ['reset', 'reset: drops the connection'],
      ['store-then-hang', 'store-then-hang: stores, never answers'],
    ],
  },
  {
    label: 'Less common',
    modes: [
      ['503', '503: unavailable'],
      ['store-then-reset', 'store-then-reset: stores, drops the connection'],
      ['redirect', 'redirect: redirects to another URL'],
      ['401', '401: rejects the app id'],
      ['404', '404: not found'],
      ['413', '413: too large'],
      ['400-index', '400-index: rejects one event by its index'],
      ['400-plain', '400-plain: rejects without naming the event'],
      ['400-request', '400-request: rejects the whole request'],
    ],
  },
];

/** Clock time in UTC, as in the terminal, e.g. `05:24:11`. */
export const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 19);
