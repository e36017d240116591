import fc from 'fast-check';
import { isRejected } from '../../../lambda/mapping/findings';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf } from '../../support/source-event';
import { anyCharacter } from '../../support/any-character';

const map = (body: unknown, path?: string, rules: readonly MappingRule[] = []): MappedEvent | string => {
  const mapping = compileMapping({ ...noMapping, rules }, createLiquid().parse);
  const result = mapEvent(sourceOf(body, path), mappingContext({ mapping }));
  if ('abortedBy' in result) throw new Error('aborted');
  return isRejected(result) ? result.reason : result;
};

const nameOf = (body: unknown, path?: string, rules?: readonly MappingRule[]): string => {
  const mapped = map(body, path, rules);
  return typeof mapped === 'string' ? mapped : mapped.event.event;
};

const changesOf = (body: unknown): unknown[] => {
  const mapped = map(body);
  if (typeof mapped === 'string') throw new Error(mapped);
  return [...mapped.changes.details];
};

const repaired = { change: 'text_repaired', property: 'event' };

describe('the name of an event', () => {
  it.each([
    ['Pur\u200Bchase', 'Purchase'],
    ['\uFEFFPurchase', 'Purchase'],
    ['Purchase\u0000', 'Purchase'],
    ['Pur\nchase', 'Purchase'],
    [' Purchase\r\n', 'Purchase'],
    ['Purchase \u200D', 'Purchase'],
    ['Purchase\uD83D', 'Purchase'],
    ['\uDE00Purchase', 'Purchase'],
    ['Pur\u3164chase', 'Purchase'],
    ['Pur\u2028chase', 'Purchase'],
    ['Pur\u200Dchase', 'Purchase'],
    ['Purchase\uFE0F', 'Purchase'],
    ['Purchase 7\uFE0F', 'Purchase 7'],
    ['❤️\u200DPurchase', '❤️Purchase'],
    ['خ\u200B\u200Cخ', 'خخ'],
    ['خ\u200C خ', 'خ خ'],
    ['\u{E0041}Purchase', 'Purchase'],
  ])('%j is delivered as %s and counted, wherever it comes from (F34)', (sent, expected) => {
    const rule: MappingRule = {
      name: 'r',
      when: { event: expected },
      send: { event: '{{ Body.event }}', identity: 'r' },
    };

    expect(nameOf({ identity: 'ana', event: sent })).toBe(expected);
    expect(nameOf({ identity: 'ana', event: sent }, undefined, [rule])).toBe(expected);
    expect(nameOf({ profiles: [{ identity: 'ana' }] }, sent)).toBe(expected);
    expect(nameOf({ key_values: { event: sent }, profiles: [{ identity: 'ana' }] })).toBe(expected);
    expect(changesOf({ identity: 'ana', event: sent })).toEqual([repaired]);
  });

  it('finds the rule for the name without its invisible characters', () => {
    const rule: MappingRule = {
      name: 'r',
      when: { event: 'Purchase' },
      send: { properties: { by: 'rule' } },
    };

    expect(map({ identity: 'ana', event: 'Pur\u200Bchase' }, undefined, [rule])).toMatchObject({ rule: 'r' });
  });

  it('finds a rule whose own name has invisible characters', () => {
    const rule: MappingRule = { name: 'r', when: { event: 'Pur\u200Bchase\n' }, send: {} };

    for (const event of ['Purchase', 'Pur\u200Bchase'])
      expect(map({ identity: 'ana', event }, undefined, [rule])).toMatchObject({ rule: 'r' });
  });

  it('with a replacement character stays unchanged and is counted (F16)', () => {
    expect(nameOf({ identity: 'ana', event: 'Caf\uFFFD' })).toBe('Caf\uFFFD');
    expect(changesOf({ identity: 'ana', event: 'Caf\uFFFD' })).toEqual([repaired]);
  });

  it.each([
    'Purchase',
    ' Purchase ',
    'Ein Kauf für Ürün',
    '購入',
    '😀 Day',
    'null-island',
    'Undefined behaviour',
    '❤️ Sale',
    '👨\u200D👩\u200D👧 Family',
    '👩🏽\u200D❤️\u200D💋\u200D👨',
    '🏳️\u200D🌈 Pride',
    'Top 1️⃣ #️⃣',
    '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} Final',
    'می\u200Cخواهم',
    'क्\u200Dष',
    '葛\u{E0100}城',
  ])('%j is trimmed at most, and nothing is counted', (name) => {
    expect(nameOf({ identity: 'ana', event: name })).toBe(name.trim());
    expect(changesOf({ identity: 'ana', event: name })).toEqual([]);
  });

  it.each(['null', 'NULL', ' undefined ', 'Undefined', '\u200Bnull', '\u200B'])('is never %j', (name) => {
    expect(nameOf({ identity: 'ana', event: name })).toBe('missing_event_name');
    expect(nameOf({ identity: 'ana', event: name, event_name: 'A' })).toBe('A');
    expect(nameOf({ identity: 'ana', event: name }, 'From path')).toBe('From path');
    expect(nameOf({ profiles: [{ identity: 'ana' }] }, name)).toBe('missing_event_name');
    const rule: MappingRule = { name: 'r', when: { event: 'A' }, send: { event: '{{ Body.other }}' } };
    expect(nameOf({ identity: 'ana', event: 'A', other: name }, undefined, [rule])).toBe(
      'missing_event_name',
    );
  });

  it.each(['null', 'undefined', ' ', 'NULL'])('that is %j is not a property either', (name) => {
    expect(map({ identity: 'ana', event: name, event_name: 'A' })).toMatchObject({
      event: { properties: {} },
    });
  });

  it('reaches Heap without invisible characters that have no effect, and every change is counted', () => {
    const shaping = fc.constantFrom(
      '\u200C',
      '\u200D',
      '\uFE0F',
      '\u{E0067}',
      '❤',
      '1',
      'a',
      'خ',
      ' ',
      '\u200B',
    );
    const unit = fc.oneof(anyCharacter, shaping);
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 20 }), (name) => {
        const mapped = map({ identity: 'ana', event: name });
        if (typeof mapped === 'string') return;
        const { event } = mapped.event;
        expect(event.replaceAll(/[\u200C\u200D\p{Variation_Selector}\u{E0020}-\u{E007F}]/gu, '')).not.toMatch(
          /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u,
        );
        // For Latin letters and ASCII, no variant with invisible characters reaches Heap.
        expect(event).not.toMatch(/(?:^|[\sA-Za-z])[\u200C\u200D\p{Variation_Selector}]/u);
        expect(nameOf({ identity: 'ana', event })).toBe(event);
        if (event !== name.trim()) expect(mapped.changes.details).toContainEqual(repaired);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a name next to profiles', () => {
  const request = (fields: object, own: object = {}): object => ({
    ...fields,
    profiles: [{ identity: 'ana', ...own }],
  });

  it.each(['event', 'Event', 'event_name', 'evtName'])('may be called %s', (name) => {
    expect(nameOf(request({ [name]: 'payment_success' }))).toBe('payment_success');
    expect(nameOf({ [name]: 'payment_success', profiles: { identity: 'ana' } })).toBe('payment_success');
  });

  it('comes after key_values and before the URL', () => {
    expect(nameOf(request({ event: 'Beside', key_values: { event: 'Request' } }))).toBe('Request');
    expect(nameOf(request({ event: 'Beside' }, { key_values: { event: 'Profile' } }))).toBe('Profile');
    expect(nameOf(request({ event: 'Beside' }), 'URL')).toBe('Beside');
    expect(nameOf(request({ event: 'null' }), 'URL')).toBe('URL');
  });

  it('is not a property', () => {
    expect(map(request({ event: 'Beside' }))).toMatchObject({ event: { properties: {} } });
  });
});

describe("the time of an event in CleverTap's upload format", () => {
  const body = { identity: 'ana', evtName: 'A', evtData: {} };
  const iso = '2022-10-04T13:39:41.000Z';

  it('is ts, which is then not a property (F39)', () => {
    expect(map({ ...body, ts: 1664890781 })).toMatchObject({ event: { timestamp: iso, properties: {} } });
    expect(map({ ...body, TS: '$D_1664890781' })).toMatchObject({
      event: { timestamp: iso, properties: {} },
    });
    expect(map({ identity: 'ana', event: 'A', evtData: {}, ts: 1664890781 })).toMatchObject({
      event: { timestamp: iso },
    });
  });

  it('is timestamp if both exist, and ts stays a property', () => {
    expect(map({ ...body, timestamp: iso, ts: 7 })).toMatchObject({
      event: { timestamp: iso, properties: { ts: 7 } },
    });
    expect(map({ ...body, timestamp: '', ts: 1664890781 })).toMatchObject({
      event: { timestamp: iso, properties: {} },
    });
  });

  it('that is not a time is counted and kept', () => {
    expect(map({ ...body, ts: 'yesterday' })).toMatchObject({
      event: { properties: { original_timestamp: 'yesterday' } },
    });
    expect(changesOf({ ...body, ts: 'yesterday' })).toEqual([
      { change: 'timestamp_replaced', property: 'timestamp' },
    ]);
  });

  it('is not the ts of any other body, which is data', () => {
    expect(map({ identity: 'ana', event: 'A', ts: 1664890781 })).toMatchObject({
      event: { properties: { ts: 1664890781 } },
    });
    expect(map({ profiles: [{ identity: 'ana', key_values: { ts: 1 } }] }, 'A')).toMatchObject({
      event: { properties: { ts: 1 } },
    });
  });
});
