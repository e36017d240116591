import { firstView, hashOf, viewOf, type View } from '../../../console/page/console/location';

test('a view survives the hash of the URL', () => {
  const views: View[] = [
    firstView,
    { ...firstView, filter: { text: 'cart & "x" #1', place: 'queued' } },
    { ...firstView, row: 'r 1', event: 3, tab: 'why', panel: 'detail' },
    { ...firstView, row: 'r1', panel: 'dead-letters' },
    { ...firstView, panel: 'compose' },
  ];
  for (const view of views) expect(viewOf(hashOf(view))).toEqual(view);
});

test('the first view needs no hash', () => {
  expect(hashOf(firstView)).toBe('');
});

test('invalid parts of a hash are ignored', () => {
  expect(viewOf('#state=gone&event=-1&tab=x&panel=y&row=7')).toEqual({
    ...firstView,
    row: '7',
    panel: 'detail',
  });
  expect(viewOf('#%E0%A4%A')).toEqual(firstView);
});
