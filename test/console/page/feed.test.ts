import { computed, effect, signal } from '@preact/signals';
import type { FeedRow } from '../../../console/wire';
import { Feed } from '../../../console/page/console/feed';
import { noFilter, type Filter } from '../../../console/page/console/filter';

// The Preact binding is an ES module, which jest does not load. The core has the same signals.
jest.mock('@preact/signals', (): unknown => jest.requireActual('@preact/signals-core'));

const row = (number: number, change: Partial<FeedRow> = {}): FeedRow => ({
  id: String(number),
  requestId: `request-${number}`,
  at: number,
  event: 'Purchase',
  campaign: '1650000003',
  who: 'a…@s….test',
  events: 1,
  state: { kind: 'queued', attempts: 0, nextTryAt: null, why: null },
  counts: { delivered: 0, rejected: 0, ignored: 0, queued: 1, missing: 0 },
  ...change,
});
const rejected: Partial<FeedRow> = {
  state: { kind: 'rejected', reason: 'placeholder_identity', detail: null },
  counts: { delivered: 0, rejected: 1, ignored: 0, queued: 0, missing: 0 },
};
const newest = (from: number, to: number): FeedRow[] =>
  Array.from({ length: from - to + 1 }, (_, index) => row(from - index));

function newFeed(first: Filter = noFilter) {
  const filter = signal(first);
  return { filter, feed: new Feed(filter) };
}

test('new rows come first, and a changed row keeps its position', () => {
  const { feed } = newFeed();
  feed.replace(newest(3, 1));
  feed.change([row(5), row(4), row(2, rejected)]);
  expect(feed.visible.value).toEqual(['5', '4', '3', '2', '1']);
  expect(feed.row('2')?.value.state.kind).toBe('rejected');
});

test('a change of one row redraws neither the other rows nor the list', () => {
  const { feed } = newFeed();
  feed.replace(newest(3, 1));
  const drawn: string[] = [];
  effect(() => {
    drawn.push(`list ${feed.visible.value.length}`);
  });
  for (const id of ['1', '2', '3']) {
    effect(() => {
      drawn.push(`row ${feed.row(id)?.value.id ?? ''}`);
    });
  }
  drawn.length = 0;
  feed.change([row(2, rejected)]);
  expect(drawn).toEqual(['row 2']);
});

test('a row that survives a replacement keeps its signal and gets its new state', () => {
  const { feed } = newFeed();
  feed.replace(newest(2, 1));
  const states: (string | undefined)[] = [];
  const first = feed.row('1');
  effect(() => {
    states.push(first?.value.state.kind);
  });
  feed.replace([row(3), row(1, rejected)]);
  expect(states).toEqual(['queued', 'rejected']);
  expect(feed.visible.value).toEqual(['3', '1']);
  expect(feed.row('2')).toBeUndefined();
});

test('only the newest 1000 rows are kept', () => {
  const { feed } = newFeed();
  feed.replace(newest(900, 1));
  feed.change(newest(1500, 901));
  expect(feed.visible.value).toHaveLength(1000);
  expect(feed.visible.value.at(0)).toBe('1500');
  expect(feed.visible.value.at(-1)).toBe('501');
  expect(feed.row('500')).toBeUndefined();
});

test('a change does not bring back a row that has left the list', () => {
  const { feed } = newFeed();
  feed.replace(newest(1001, 2));
  feed.change([row(1, rejected)]);
  expect(feed.visible.value.at(0)).toBe('1001');
  expect(feed.row('1')).toBeUndefined();
});

test('new rows are held back and counted while the feed holds', () => {
  const { feed } = newFeed();
  feed.replace(newest(2, 1));
  feed.hold();
  feed.change([row(3)]);
  feed.change([row(5), row(4)]);
  expect(feed.visible.value).toEqual(['2', '1']);
  expect(feed.heldBack.value).toBe(3);
  expect(feed.rowOfRequest('request-4')).toBe('4');
  feed.follow();
  expect(feed.visible.value).toEqual(['5', '4', '3', '2', '1']);
  expect(feed.heldBack.value).toBe(0);
});

test('the feed follows again when all rows it held are too old', () => {
  const { feed } = newFeed();
  feed.replace(newest(10, 1));
  feed.hold();
  for (let last = 10; last < 1510; last += 500) feed.change(newest(last + 500, last + 1));
  expect(feed.isHolding.value).toBe(false);
  expect(feed.visible.value).toHaveLength(1000);
  expect(feed.visible.value.at(0)).toBe('1510');
});

test('a filter follows the changes of the rows', () => {
  const { feed, filter } = newFeed({ text: '', place: 'rejected' });
  feed.replace(newest(3, 1));
  const shown = computed(() => feed.visible.value.join());
  expect(shown.value).toBe('');
  feed.change([row(2, rejected)]);
  expect(shown.value).toBe('2');
  filter.value = { text: 'PLACEHOLDER purchase', place: null };
  expect(shown.value).toBe('2');
  filter.value = { text: 'request-3', place: null };
  expect(shown.value).toBe('3');
  filter.value = noFilter;
  expect(shown.value).toBe('3,2,1');
});
