import { decodeMessage, isUnreadable, type SourceEvent } from '../../../lambda/clevertap/decode-message';
import { fixture, personalData } from '../../support/clevertap-fixture';

const decode = (message: unknown, pathEvent?: string): ReturnType<typeof decodeMessage> =>
  decodeMessage(typeof message === 'string' ? message : JSON.stringify(message), pathEvent);

const eventsOf = (message: unknown, pathEvent?: string): SourceEvent[] => {
  const decoded = decode(message, pathEvent);
  if (decoded.kind !== 'events') throw new Error(`got ${JSON.stringify(decoded)}`);
  return decoded.events.map((event) => {
    if (isUnreadable(event)) throw new Error(`got ${JSON.stringify(event)}`);
    return event;
  });
};

const detailOf = (message: unknown): string => {
  const decoded = decode(message);
  if (decoded.kind !== 'undecodable') throw new Error(`got ${JSON.stringify(decoded)}`);
  return decoded.detail;
};

describe("CleverTap's own payload", () => {
  it('is read from a list of profiles with lower-case names', () => {
    const [event, ...others] = eventsOf(fixture('stock-lower-case'), 'from-path');

    expect(others).toEqual([]);
    expect(event).toMatchObject({
      location: { kind: 'element', key: 'profiles', index: 0 },
      profile: { identity: 'pii-cust-77', email: 'pii.ana@shop.test' },
      eventProperties: { price: 19.77777, date: '$D_1664890781' },
      profileKeyValues: { event: 'Purchase', coupon: 'pii-coupon' },
      requestKeyValues: { event: 'Purchase', channel: 'pii-channel' },
      body: undefined,
      campaignId: 1650000001,
      pathEvent: 'from-path',
    });
  });

  it('is read from a single profile with capitalised names', () => {
    expect(eventsOf(fixture('stock-capitalised-single'))).toMatchObject([
      {
        location: { kind: 'whole' },
        profile: { Identity: 'pii-cust-78' },
        eventProperties: { Page: 'pii-page', Seconds: 777772 },
        profileKeyValues: {},
        requestKeyValues: { Event: 'Viewed' },
        body: undefined,
        campaignId: 1650000002,
        pathEvent: undefined,
      },
    ]);
  });

  it('gives one event per profile of a broadcast, all with the key_values of the request', () => {
    const events = eventsOf(fixture('broadcast-with-placeholder'));

    expect(events.map(({ location, profile }) => [location, profile['Identity']])).toEqual([
      [{ kind: 'element', key: 'profiles', index: 0 }, 'pii-cust-1'],
      [{ kind: 'element', key: 'profiles', index: 1 }, 'guest'],
      [{ kind: 'element', key: 'profiles', index: 2 }, 'pii-cust-3'],
    ]);
    for (const { requestKeyValues } of events)
      expect(requestKeyValues).toEqual({ event: 'Newsletter', issue: 'pii-issue' });
  });

  it.each(['profiles', 'Profiles', 'PROFILES'])('is recognised by %s', (key) => {
    expect(eventsOf({ [key]: [{ identity: 'a' }] })).toMatchObject([
      { location: { kind: 'element', key, index: 0 }, profile: { identity: 'a' } },
    ]);
  });

  it.each([
    ['event_properties', 'key_values', 'targetId'],
    ['Event_properties', 'Key_values', 'TargetId'],
    ['EVENT_PROPERTIES', 'KEY_VALUES', 'targetid'],
  ])('is read from %s, %s and %s', (eventProperties, keyValues, targetId) => {
    expect(
      eventsOf({
        [targetId]: 5,
        [keyValues]: { a: 'request' },
        profiles: [{ [eventProperties]: { b: 1 }, [keyValues]: { a: 'profile' } }],
      }),
    ).toMatchObject([
      {
        campaignId: 5,
        requestKeyValues: { a: 'request' },
        profileKeyValues: { a: 'profile' },
        eventProperties: { b: 1 },
      },
    ]);
  });

  it.each([[null], ['text'], [7], [[1]]])('survives %j where an object is expected', (value) => {
    expect(
      eventsOf({ key_values: value, profiles: [{ event_properties: value, key_values: value }] }),
    ).toMatchObject([{ requestKeyValues: {}, profileKeyValues: {}, eventProperties: {} }]);
  });

  it('is read without event_properties and key_values, as a journey node sends it', () => {
    expect(eventsOf(fixture('journey-node'), 'Reached')).toMatchObject([
      { profile: { Name: 'Pii Eve' }, eventProperties: {}, requestKeyValues: {}, pathEvent: 'Reached' },
    ]);
  });

  it('is read from a post-action webhook', () => {
    expect(eventsOf(fixture('post-action'))).toMatchObject([
      { profile: { identity: 'pii-cust-83', payload: { title: 'pii-title' } }, campaignId: 1650000004 },
    ]);
  });

  it.each([[null], ['text'], [7], [['a']]])(
    'does not let %j among the profiles harm the others',
    (broken) => {
      const decoded = decode({ profiles: [{ identity: 'a' }, broken, { identity: 'b' }] });

      expect(decoded).toMatchObject({
        kind: 'events',
        events: [
          { profile: { identity: 'a' } },
          {
            location: { kind: 'element', key: 'profiles', index: 1 },
            reason: 'unknown_shape',
            detail: 'a profile is not an object',
          },
          { profile: { identity: 'b' } },
        ],
      });
    },
  );

  it.each([
    [[], 'profiles is empty'],
    [null, 'profiles is neither a list nor an object'],
    ['text', 'profiles is neither a list nor an object'],
    [7, 'profiles is neither a list nor an object'],
  ])('is of unknown shape with profiles %j', (profiles, detail) => {
    expect(decode({ profiles })).toEqual({ kind: 'undecodable', reason: 'unknown_shape', detail });
  });
});

describe('a custom body', () => {
  it("is read in Heap's own shape, as CleverTap's guide has it", () => {
    const body: unknown = JSON.parse(fixture('guide-rendered'));

    expect(eventsOf(fixture('guide-rendered'), 'from-path')).toEqual([
      {
        location: { kind: 'whole' },
        profile: body,
        eventProperties: { item_names: 'pii-watch', value: '77777', campaign_name: 'pii Cart Reminder Push' },
        profileKeyValues: {},
        requestKeyValues: {},
        requestNames: [],
        canonicalRequest: 'null',
        losses: [],
        body,
        campaignId: undefined,
        pathEvent: 'from-path',
      },
    ]);
  });

  it('is read even if its templates were not rendered: the mapping judges them', () => {
    expect(eventsOf(fixture('guide-as-printed'))).toMatchObject([
      { profile: { identity: "{{ Profile.Email | default: 'user@example.com' }}" } },
    ]);
  });

  it('is read with evtName and evtData', () => {
    expect(eventsOf(fixture('evt-name-evt-data'))).toMatchObject([
      {
        profile: { identity: 'pii-cust-79', evtName: 'Charged' },
        eventProperties: { Amount: 777773, 'Payment mode': 'pii-card' },
      },
    ]);
  });

  it('gives one event per element of a list', () => {
    expect(eventsOf(fixture('list-of-events'), 'from-path')).toMatchObject([
      {
        location: { kind: 'element', key: undefined, index: 0 },
        eventProperties: { item: 'pii-hat' },
        pathEvent: 'from-path',
      },
      { location: { kind: 'element', key: undefined, index: 1 }, eventProperties: { item: 'pii-cap' } },
      { location: { kind: 'element', key: undefined, index: 2 }, eventProperties: {} },
    ]);
  });

  it.each([['event'], ['Event_Name'], ['EVTNAME'], ['Identity'], ['EMAIL'], ['Properties'], ['evtdata']])(
    'is recognised by %s alone',
    (key) => {
      expect(eventsOf({ [key]: 'x' })).toMatchObject([{ body: { [key]: 'x' } }]);
    },
  );

  it('prefers properties to evtData if both have a name', () => {
    expect(eventsOf({ event: 'x', evtData: { a: 1, b: 1 }, properties: { b: 2 } })).toMatchObject([
      { eventProperties: { a: 1, b: 2 } },
    ]);
  });

  it.each([[null], ['text'], [7], [[{ event: 'x' }]]])(
    'does not let %j in a list harm the others',
    (broken) => {
      expect(decode([{ event: 'x' }, broken])).toMatchObject({
        kind: 'events',
        events: [
          { body: { event: 'x' } },
          {
            location: { kind: 'element', key: undefined, index: 1 },
            reason: 'unknown_shape',
            detail: 'an element of the list is not an object',
          },
        ],
      });
    },
  );

  it('of unknown shape in a list does not harm the others', () => {
    expect(decode([{ colour: 'red' }, { event: 'x' }])).toMatchObject({
      kind: 'events',
      events: [
        { location: { kind: 'element', key: undefined, index: 0 }, reason: 'unknown_shape' },
        { body: { event: 'x' } },
      ],
    });
  });

  it('does not exist in an empty list', () => {
    expect(decode([])).toEqual({
      kind: 'undecodable',
      reason: 'unknown_shape',
      detail: 'the list is empty',
    });
  });
});

describe('the setup ping', () => {
  it("is recognised in CleverTap's own form", () => {
    expect(decode(fixture('setup-ping'))).toEqual({ kind: 'ping' });
  });

  it.each([
    ['is_test', true],
    ['is_test', 'true'],
    ['Is_Test', 'True'],
    ['IS_TEST', 'TRUE'],
  ])('is recognised by %s: %j', (key, value) => {
    expect(decode({ [key]: value, profiles: [{ identity: 'a' }] })).toEqual({ kind: 'ping' });
    expect(decode([{ [key]: value, profiles: [{ identity: 'a' }] }])).toEqual({ kind: 'ping' });
  });

  it('is not recognised in a custom body with such a field', () => {
    expect(eventsOf({ is_test: true, identity: 'a', event: 'Purchase' })).toHaveLength(1);
  });

  it.each([[false], ['false'], [null], [0], [''], ['yes'], [{}], [{ toString: 1, valueOf: 1 }]])(
    'is not recognised by is_test: %j',
    (value) => {
      expect(eventsOf({ is_test: value, event: 'x' })).toHaveLength(1);
    },
  );
});

describe('a body of unknown shape', () => {
  it.each([
    ['null', 'the body is null, not an object'],
    ['7', 'the body is a number, not an object'],
    ['"text"', 'the body is a string, not an object'],
    ['true', 'the body is a boolean, not an object'],
    ['{}', 'neither profiles nor an event: the body is empty'],
  ])('%s says: %s', (text, detail) => {
    expect(decode(text)).toMatchObject({ kind: 'undecodable', reason: 'unknown_shape', detail });
  });

  it('is described by its key names, never by its values', () => {
    expect(detailOf({ colour: 'pii-red', 'Order Id': 777770, 'utm-source': { a: 'pii' } })).toBe(
      'neither profiles nor an event: keys found: colour, …, …',
    );
  });

  it.each(['a', 'Order', 'utm_source', 'x'.repeat(40)])('names the key %s', (key) => {
    expect(detailOf({ [key]: 1 })).toBe(`neither profiles nor an event: keys found: ${key}`);
  });

  it('names at most ten keys', () => {
    const body = Object.fromEntries(Array.from('abcdefghijkl', (key) => [key, 1]));

    expect(detailOf(body)).toMatch(/: a, b, c, d, e, f, g, h, i, j, …$/);
  });

  it.each([
    ['pii.ana@shop.test'],
    ['Ana Pii'],
    ['cust-77'],
    ['+14157777700'],
    ['4157777700'],
    ['Anaïs-pii'],
    ['安娜pii'],
    ['pii\nforged line'],
    ['pii"quote'],
    [`pii${'x'.repeat(38)}`],
    ['https://shop.test/pii'],
  ])('does not name the key %j, which could be personal data (F68)', (key) => {
    // JavaScript moves a key that looks like an index to the front.
    expect(detailOf({ colour: 1, [key]: 1 })).toMatch(/: keys found: (colour, …|…, colour)$/);
  });
});

describe('a body that is not JSON', () => {
  it.each([
    ['a trailing comma', '{"identity":"pii","event":"x",}', /^line 1 column 31: .*trailing comma/],
    ['a trailing comma in a list', '["pii",]', /^line 1 column 8: .*trailing comma/],
    [
      'a comment at the end of a line',
      '{"event":"x", // pii\n"identity":"pii"}',
      /^line 1 column 15: a comment/,
    ],
    ['typographic quotes', '{“event”:“pii”}', /^line 1 column 2: a typographic quote/],
    ['a typographic quote around a value', '{"event":“pii”}', /^line 1 column 10: a typographic quote/],
    ['single quotes', "{'event':'pii'}", /^line 1 column 2: a single quote/],
    ['an unrendered template without quotes', '{"identity":{{ pii }}}', /^line 1 column 13: .*template/],
    ['an unrendered tag without quotes', '{"identity":{% pii %}}', /^line 1 column 13: .*template/],
    ['an unrendered ${…} without quotes', '{"identity":${pii}}', /^line 1 column 13: .*template/],
    ['a blank value without quotes', '{"value":,"identity":"pii"}', /^line 1 column 10: .*blank value/],
    ['a blank value at the end', '{"identity":"pii","value":}', /^line 1 column 27: .*blank value/],
    ['a line break inside a string', '{"identity":"pii\nana"}', /^line 1 column 13: a line break/],
    ['a quote inside a string', '{"identity":"pii "ana" x"}', /^line 1 column 19: a word outside quotes/],
    ['a body cut off in a string', '{"identity":"pii', /^line 1 column 13: an unclosed string/],
    ['a body cut off', '{"identity":"pii"', /^line 1 column 18: the end of the body/],
    ['a NULL', '{"value":NULL,"identity":"pii"}', /^line 1 column 10: a word outside quotes/],
    ['an empty body', '', /^line 1 column 1: the body is empty/],
    ['a blank body', ' \n ', /^line 2 column 2: the body is empty/],
    ['an extra bracket', '{"event":"x"}}', /^line 1 column 14: data after the end .*extra bracket/],
    ['a second body', '{"event":"x"}{"event":"pii"}', /^line 1 column 14: data after .*a second body/],
    ['a plain string', 'hello pii', /^line 1 column 1: a word/],
    ['a mistake in a later line', '{\n  "event": "x",\n  "identity": "pii",\n}', /^line 4 column 1: .*comma/],
    ['a string that looks like a parser message', '{"a":at position 9 pii}', /^line 1 column 6: a word/],
  ])('with %s gets an error position and is never quoted (F29, F68)', (_, text, detail) => {
    const decoded = decode(text);

    expect(decoded).toEqual({
      kind: 'undecodable',
      reason: 'invalid_json',
      detail: expect.stringMatching(detail) as string,
    });
    expect(detailOf(text)).not.toMatch(personalData);
  });

  it('is not repaired: a number with leading zeros stays invalid', () => {
    expect(decode('{"event":"x","value":007}')).toMatchObject({ reason: 'invalid_json' });
  });

  it('gives the position without counting the byte order mark', () => {
    expect(detailOf('\uFEFF{"event":"x",}')).toMatch(/^line 1 column 14: /);
  });
});

it('is read after a byte order mark (F29)', () => {
  expect(eventsOf(`\uFEFF${fixture('guide-rendered')}`)).toHaveLength(1);
});

describe('a body nested 100,000 levels deep', () => {
  const levels = 100_000;
  const lists = '['.repeat(levels) + ']'.repeat(levels);
  const objects = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

  it.each([
    ['lists at the root', lists, 'events'],
    ['objects at the root', objects, 'undecodable'],
    ['a list of profiles', `{"profiles":${lists}}`, 'events'],
    ['a single profile', `{"profiles":${objects}}`, 'events'],
    ['a property', `{"event":"x","properties":{"a":${lists}}}`, 'events'],
    ['key_values', `{"profiles":[{}],"key_values":${objects}}`, 'events'],
    ['the campaign', `{"profiles":[{}],"targetId":${lists}}`, 'events'],
    ['is_test', `{"event":"x","is_test":${lists}}`, 'events'],
    ['a list that is not closed', '['.repeat(levels), 'undecodable'],
  ])('as %s is decoded without an overflow (F30)', (_, text, kind) => {
    expect(decode(text).kind).toBe(kind);
  });
});

describe('integers that no JavaScript number holds exactly (F33)', () => {
  it('are read as strings, wherever they occur', () => {
    const [event] = eventsOf(
      '{"identity":12345678901234567890,"event":"x","properties":{"a":[-9007199254740993,1],"b":9007199254740991}}',
    );
    expect(event?.profile['identity']).toBe('12345678901234567890');
    expect(event?.eventProperties).toEqual({ a: ['-9007199254740993', 1], b: 9007199254740991 });
  });

  it('are left alone inside strings', () => {
    const [event] = eventsOf('{"identity":"12345678901234567890 \\" 12345678901234567890","event":"x"}');
    expect(event?.profile['identity']).toBe('12345678901234567890 " 12345678901234567890');
  });
});

describe('key_values of a request', () => {
  it('are rejected at once if there are more than Heap accepts, because each profile would repeat them', () => {
    const key_values = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`k${index}`, 1]));
    expect(decode({ key_values, profiles: [{ identity: 'a' }] })).toMatchObject({
      kind: 'undecodable',
      reason: 'too_many_properties',
    });
  });

  it.each<[string, object]>([
    ['in a list', { a: Array.from({ length: 5000 }, () => []) }],
    [
      'in an object',
      { a: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, null])) },
    ],
    ['in many', { a: Array.from({ length: 1700 }, () => [{ b: null }]) }],
  ])(
    'are rejected if they hold more than 5000 values %s, because each profile would drop most of them (F37)',
    (_, group) => {
      expect(decode({ key_values: group, profiles: [{ identity: 'a' }] })).toMatchObject({
        kind: 'undecodable',
        reason: 'too_many_properties',
      });
    },
  );

  it('may hold a list of any number of scalars, which become one property', () => {
    const ids = Array.from({ length: 50_000 }, (_, index) => index);
    expect(decode({ key_values: { ids }, profiles: [{ identity: 'a' }] })).toMatchObject({ kind: 'events' });
  });

  it('may hold 5000 values; nesting that is too deep is reported for each event', () => {
    const list = Array.from({ length: 4999 }, () => ({}));
    const deep = '['.repeat(6000) + ']'.repeat(6000);

    expect(decode({ key_values: { a: list }, profiles: [{ identity: 'a' }] })).toMatchObject({
      kind: 'events',
    });
    expect(decode(`{"key_values":{"a":${deep}},"profiles":[{"identity":"a"}]}`)).toMatchObject({
      kind: 'events',
    });
  });
});
