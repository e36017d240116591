import fc from 'fast-check';
import type { FeedRow } from '../../../relay/feed/feed';
import { rowLine, rowParts } from '../../../relay/feed/row-parts';
import { columnsOf } from '../../../relay/terminal/terminal-text';
import { feedRow as row } from '../../support/feed-row';
import { anyCharacter } from '../../support/any-character';

const reasons = { placeholder_identity: 1 };
const down = 'Heap answered 500, next try in 34 s';

test.each<[Partial<FeedRow>, string]>([
  [{ event: 'Purchase', delivered: 1, lagMs: 1200 }, '05:24:11  ✓ 1 delivered  Purchase  1.2 s'],
  [
    { event: 'Newsletter', campaign: '1650000003', delivered: 2, lagMs: 6000 },
    '05:24:11  ✓ 2 delivered  Newsletter (1650000003)  6.0 s',
  ],
  [
    { event: 'Purchase', rejected: 1, reasons, detail: 'identity: a placeholder' },
    '05:24:11  ✗ 1 rejected  Purchase  placeholder_identity',
  ],
  // The id gives way to the reason.
  [
    { event: 'Newsletter', campaign: '1650000003', delivered: 2, rejected: 1, reasons, lagMs: 6000 },
    '05:24:11  ✗ 1 rejected, 2 delivered  Newsletter  placeholder_identity  6.0 s',
  ],
  [
    {
      kind: 'batch',
      event: 'Purchase',
      rejected: 1003,
      reasons: { invalid_json: 1, missing_identity: 1002 },
    },
    '05:24:11  ✗ 1,003 rejected  Purchase  missing_identity 1,002, invalid_json 1',
  ],
  [{ event: 'other', campaign: '1650000003', delivered: 1 }, '05:24:11  ✓ 1 delivered  campaign 1650000003'],
  [{ event: 'other', ignored: 1 }, '05:24:11  · 1 ignored  other  a setup ping, or left out by a rule'],
  [{ kind: 'waiting', waiting: 3, detail: down }, `05:24:11  … 3 waiting  ${down}`],
  [
    { kind: 'waiting', waiting: 3, event: 'Purchase', campaign: '1650000003', detail: down },
    `05:24:11  … 3 waiting  Purchase  ${down}`,
  ],
  [{ kind: 'problem', detail: 'an SQS call failed: x' }, '05:24:11  !  an SQS call failed: x'],
  // A character of another script may take two columns.
  [
    { event: '購入'.repeat(20), delivered: 1, lagMs: 1200 },
    `05:24:11  ✓ 1 delivered  ${'購入'.repeat(11)}購…  1.2 s`,
  ],
])('%j', (parts, line) => {
  expect(rowLine(row(parts))).toBe(line);
});

test.each([
  [
    'Hang',
    1,
    'Heap: no answer (timeout), next try in 30 s',
    'Hang  Heap: no answer (timeout), next try in 30 s',
  ],
  [
    'Abandoned cart email',
    1,
    'Heap: no answer (timeout), next try in 30 s',
    'Abandoned c…  Heap: no answer (timeout), next try in 30 s',
  ],
  [
    'Abandoned cart email',
    1,
    'Heap answered 500, next try in 30 s',
    'Abandoned cart email  Heap answered 500, next try in 30 s',
  ],
  [
    'Abandoned cart email',
    12_000,
    'Heap: no answer (UND_ERR_CONNECT_TIMEOUT), next try in 60 min',
    'Abandoned c…  Heap: no answer (…, next try in 60 min',
  ],
])('what waits never loses when it is tried again: %s, %i, %s', (event, waiting, detail, end) => {
  const line = rowLine(row({ kind: 'waiting', waiting, event, detail }));
  expect(line).toBe(`05:24:11  … ${waiting.toLocaleString('en-US')} waiting  ${end}`);
  expect(columnsOf(line)).toBeLessThanOrEqual(80);
});

test('the tone of a row matches its outcome', () => {
  const tone = (parts: Partial<FeedRow>) => rowParts(row(parts))[1]?.tone;
  expect(tone({ delivered: 1 })).toBe('good');
  expect(tone({ delivered: 1, rejected: 1, reasons })).toBe('bad');
  expect(tone({ kind: 'waiting', waiting: 1 })).toBe('waiting');
  expect(tone({ kind: 'problem', detail: 'x' })).toBe('bad');
  expect(tone({ ignored: 1 })).toBe('faint');
});

test('no line is wider than 80 columns or has control characters', () => {
  const events = fc.nat(2_000_000);
  const anyString = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: anyCharacter }),
  );
  const rows = fc.record({
    kind: fc.constantFrom('request', 'batch', 'waiting', 'problem'),
    campaign: fc.option(anyString),
    event: fc.option(anyString),
    delivered: events,
    ignored: events,
    rejected: events,
    waiting: events,
    reasons: fc.dictionary(anyString, events, { maxKeys: 6 }),
    lagMs: fc.option(events),
    detail: fc.option(anyString),
  });
  fc.assert(
    fc.property(rows, (parts) => {
      const line = rowLine(row(parts));
      expect(columnsOf(line)).toBeLessThanOrEqual(80);

      expect(line).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
    }),
  );
});
