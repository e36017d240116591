import type { FeedRow } from '../../relay/feed/feed';

/** A row of a request in which nothing happened but what is given. */
export const feedRow = (parts: Partial<FeedRow>): FeedRow => ({
  at: Date.parse('2026-11-28T05:24:11Z'),
  kind: 'request',
  campaign: null,
  event: null,
  requestId: null,
  delivered: 0,
  ignored: 0,
  rejected: 0,
  reasons: {},
  waiting: 0,
  lagMs: null,
  detail: null,
  ...parts,
});
