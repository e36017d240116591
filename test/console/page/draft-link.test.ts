import { fromHash, toHash } from '../../../console/page/draft-link';

test.each([
  { payload: '', pathEvent: '', rule: null },
  { payload: '{"identity": "ana@shop.test"}\r\n', pathEvent: 'Kauf / ✓', rule: '{ "when": {} }' },
  { payload: '手表 😀 \ud800 \u0000 \u202e', pathEvent: '', rule: '' },
])('a draft survives its link: %j', (draft) => {
  const hash = toHash(draft);
  expect(hash).toMatch(/^#draft=[\w-]+$/);
  expect(fromHash(hash)).toEqual(draft);
});

test.each(['', '#', '#payload', '#Draft=e30'])('%j is not a link with a draft', (hash) => {
  expect(fromHash(hash)).toBeUndefined();
});

const encoded = (json: string): string => `#draft=${Buffer.from(json).toString('base64url')}`;

test.each([
  '#draft=',
  '#draft=%%%',
  toHash({ payload: 'cut off', pathEvent: '', rule: null }).slice(0, -5),
  encoded('null'),
  encoded('{"payload": 1, "pathEvent": "", "rule": null}'),
  encoded('{"payload": "", "pathEvent": ""}'),
  `#draft=${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}`,
])('%j is unreadable', (hash) => {
  expect(fromHash(hash)).toBe('unreadable');
});
