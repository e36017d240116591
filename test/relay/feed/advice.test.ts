import type { FeedRow } from '../../../relay/feed/feed';
import { adviceOf } from '../../../relay/feed/advice';

const sentences = (row: Pick<FeedRow, 'kind' | 'reasons' | 'detail'>): string[] =>
  adviceOf(row as FeedRow).map(({ sentence }) => sentence);

test('a reason is explained with what was found, and names its section', () => {
  expect(
    sentences({ kind: 'request', reasons: { missing_identity: 1 }, detail: 'identity: missing' }),
  ).toEqual([
    expect.stringMatching(
      /^missing_identity: identity: missing\. Tick the field.*docs\/reasons\.md#missing_identity$/,
    ),
  ]);
});

test('with several reasons, none gets the finding of another', () => {
  expect(
    sentences({
      kind: 'request',
      reasons: { missing_identity: 1, invalid_json: 1 },
      detail: 'line 1',
    }).join(),
  ).not.toContain('line 1');
});

test.each([
  ['Heap answered 503, next try in 30 s', /^Nothing to do/],
  ['Heap: no answer (timeout), next try in 30 s', /^Nothing to do/],
  ['Heap answered 401, next try in 30 s', /token set/],
  ['Heap answered 302, next try in 30 s', /"heap" of the settings/],
  ['Heap token not usable: it holds the placeholder', /token set/],
  ['no Heap app id', /token set/],
])('events waiting because %s', (detail, advice) => {
  expect(sentences({ kind: 'waiting', reasons: {}, detail })).toEqual([expect.stringMatching(advice)]);
});

test('events that ran out of time need no advice', () => {
  expect(sentences({ kind: 'waiting', reasons: {}, detail: 'no time left in this batch' })).toEqual([]);
});
