import type { EventState, FeedRow } from '../../../console/wire';
import {
  clockTime,
  healthWords,
  ordinal,
  rowWords,
  stateWords,
  untilWords,
} from '../../../console/page/console/words';

const none = { delivered: 0, rejected: 0, ignored: 0, queued: 0, missing: 0 };
const row = (state: EventState, counts: Partial<FeedRow['counts']>, events = 1): FeedRow => ({
  id: '1',
  requestId: 'r',
  at: 0,
  event: 'Purchase',
  campaign: null,
  who: null,
  events,
  state,
  counts: { ...none, ...counts },
});
const waiting = (attempts: number, nextTryAt: number | null): EventState => ({
  kind: 'queued',
  attempts,
  nextTryAt,
  why: 'Heap answered 500',
});
const delivered: EventState = { kind: 'delivered', afterMs: 1234, countedOnceWith: null };
const rejected: EventState = { kind: 'rejected', reason: 'placeholder_identity', detail: null };

test('the words for each state', () => {
  expect(stateWords(delivered, 0)).toBe('delivered in 1.2 s');
  expect(stateWords({ ...delivered, afterMs: null }, 0)).toBe('delivered');
  expect(stateWords({ ...delivered, countedOnceWith: '7' }, 0)).toBe('counted once: Heap had it already');
  expect(stateWords({ ...delivered, forgottenAt: 5 }, 0)).toBe('delivered, but Heap was reset since');
  expect(stateWords(rejected, 0)).toBe('rejected: placeholder_identity');
  expect(stateWords({ kind: 'ignored' }, 0)).toBe('ignored');
});

test('a waiting event shows its attempts and the time of the next one', () => {
  expect(stateWords(waiting(0, null), 0)).toBe('waiting for its first attempt');
  expect(stateWords(waiting(1, null), 0)).toBe('waiting, 1st attempt');
  expect(stateWords(waiting(3, 40_000), 0)).toBe('waiting, 3rd attempt, next in 40 s');
  expect(stateWords(waiting(3, 40_000), 39_500)).toBe('waiting, 3rd attempt, next in 1 s');
  expect(stateWords(waiting(3, 40_000), 'stopped')).toBe('not delivered when the stack stopped');
  expect(stateWords(waiting(3, 40_000), 41_000)).toBe('waiting, 3rd attempt, next now');
});

test('a countdown is in whole seconds', () => {
  expect([9_001, 5_000, 4_999, 1, 0, 65_000].map((left) => untilWords(left, 0))).toEqual([
    'in 10 s',
    'in 5 s',
    'in 5 s',
    'in 1 s',
    'now',
    'in 1 min 5 s',
  ]);
});

test('a row of several events shows how many are in each state', () => {
  expect(rowWords(row(delivered, { delivered: 2 }, 2), 0)).toBe('both delivered in 1.2 s');
  expect(rowWords(row(delivered, { delivered: 1200 }, 1200), 0)).toBe('all 1,200 delivered in 1.2 s');
  expect(rowWords(row(rejected, { delivered: 2, rejected: 1 }, 3), 0)).toBe('1 rejected, 2 delivered');
  expect(rowWords(row(waiting(1, null), { queued: 2, ignored: 1 }, 3), 0)).toBe('2 waiting, 1 ignored');
});

test('ordinals', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal)).toEqual(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th'.split(' '),
  );
});

test('the health of Heap shows its last answer only while it fails', () => {
  const heap = { mode: null, times: null, storm: false, said: 'Heap answered 500', nextProbeAt: 30_000 };
  expect(healthWords({ ...heap, health: 'failing' }, 0)).toBe(
    'Last request: Heap answered 500, next one in 30 s',
  );
  expect(healthWords({ ...heap, health: 'throttled', said: null, nextProbeAt: null }, 0)).toBe(
    'Last request: Heap failed',
  );
  expect(healthWords({ ...heap, health: 'ok' }, 0)).toBe('Heap accepts events');
  expect(healthWords({ ...heap, health: 'unknown', said: null, nextProbeAt: null }, 0)).toBe(
    'Heap: no request yet',
  );
});

test('the time of day is in UTC, as in the terminal', () => {
  expect(clockTime(Date.UTC(2026, 10, 28, 5, 4, 11))).toBe('05:04:11');
});
