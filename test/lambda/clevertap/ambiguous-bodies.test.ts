import { decodeMessage, isUnreadable } from '../../../lambda/clevertap/decode-message';
import { narrowMessage } from '../../../lambda/clevertap/narrow-message';
import { isRejected } from '../../../lambda/mapping/findings';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, sourcesOf } from '../../support/source-event';

const mapped = (json: string): MappedEvent => {
  const result = mapEvent(sourceOf(json, 'From path'), mappingContext());
  if (isRejected(result) || 'abortedBy' in result) throw new Error(JSON.stringify(result));
  return result;
};

/** Changes as `change: name`. */
const changesOf = (json: string): string[] =>
  mapped(json).changes.details.map(({ change, property }) => `${change}: ${property}`);

describe('a field that occurs twice', () => {
  it.each([
    'identity',
    'Identity',
    'email',
    'phone',
    'objectId',
    'event',
    'event_name',
    'evtName',
    'app_id',
    'properties',
    'evtData',
    'timestamp',
    'ts',
    'idempotency_key',
  ])('rejects a custom body: %s (F35)', (name) => {
    // Only a body in the upload format has its own ts.
    const json = `{"${name === 'ts' ? 'evtData' : 'colour'}":"red",\n"${name}":{},"${name}":"bob"}`;

    expect(decodeMessage(json, undefined)).toMatchObject({
      kind: 'undecodable',
      reason: 'invalid_json',
      detail: expect.stringMatching(
        new RegExp(`^line 2 column ${name.length + 7}: duplicate name ${name}`),
      ) as string,
    });
  });

  it.each([
    '{"identity":"ana@shop.test","event":"Purchase","\\u0069dentity":"bob@shop.test"}',
    '{"identity":"ana@shop.test","event":"Purchase", "identity" : "bob@shop.test"}',
    '{"identity":"ana@shop.test","event":"Purchase","properties":{"item":"x"},"identity":"bob@shop.test"}',
    '{"targetId":1,"key_values":{"event":"A","event":"B"},"profiles":[{"identity":"ana"}]}',
    '{"key_values":{"a":1},"key_values":{"event":"B"},"profiles":[{"identity":"ana"}]}',
    '{"profiles":[{"identity":"ana"}],"profiles":[{"identity":"bob"}]}',
    '{"profiles":{"identity":"ana","identity":"bob"}}',
    '{"profiles":{"identity":"ana","Key_Values":{"Event_Id":1,"Event_Id":2}}}',
    '{"profiles":{"identity":"ana","profileData":{"nr":1},"profileData":{"nr":2}}}',
    '{"event":"A","event":"B","profiles":[{"identity":"ana"}]}',
    '{"d":[{"identity":"ana","evtName":"A"}],"d":[{"identity":"bob","evtName":"A"}]}',
  ])('rejects %s (F35)', (json) => {
    expect(decodeMessage(json, 'A')).toMatchObject({ kind: 'undecodable', reason: 'invalid_json' });
  });

  it.each([
    ['identity', 'profiles', '{"identity":"a","identity":"b"}'],
    ['event_properties', 'profiles', '{"identity":"a","event_properties":{},"event_properties":{"x":1}}'],
    ['key_values', 'profiles', '{"identity":"a","key_values":{},"key_values":{"x":1}}'],
    ['event_id', 'profiles', '{"identity":"a","key_values":{"event_id":"1","event_id":"2"}}'],
    ['timestamp', 'profiles', '{"identity":"a","key_values":{"timestamp":1,"timestamp":2}}'],
    ['identity', 'd', '{"evtName":"A","identity":"a","identity":"b"}'],
    ['event', '', '{"identity":"a","event":"A","event":"B"}'],
  ])(
    '%s rejects only its own event in %s, and also the dead letter narrowed to it (F27)',
    (name, key, broken) => {
      const list = `[{"identity":"x","event":"A"}, ${broken}, {"identity":"y","event":"A"}]`;
      const json = key === '' ? list : `{"${key}":${list}}`;
      const decoded = decodeMessage(json, 'A');
      if (decoded.kind !== 'events') throw new Error(JSON.stringify(decoded));

      expect(decoded.events.map((event) => isUnreadable(event) && event.reason)).toEqual([
        false,
        'invalid_json',
        false,
      ]);
      expect(decoded.events[1]).toMatchObject({
        detail: expect.stringMatching(`^line 1 column \\d+: duplicate name ${name};`) as string,
      });
      expect(decodeMessage(narrowMessage(json, [decoded.events[1]!.location]), 'A')).toMatchObject({
        events: [{ reason: 'invalid_json' }],
      });
      expect(sourcesOf(narrowMessage(json, [decoded.events[2]!.location]), 'A')).toHaveLength(1);
    },
  );

  it('reveals no value (F68)', () => {
    const decoded = decodeMessage('{"identity":"pii","event":"pii","identity":"pii2"}', undefined);

    expect(JSON.stringify(decoded)).not.toContain('pii');
  });
});

describe('any other name that occurs twice', () => {
  it.each([
    ['{"identity":"ana","event":"A","properties":{"value":"10","value":"99"}}', 'value'],
    ['{"identity":"ana","event":"A","colour":"red","colour":"blue"}', 'colour'],
    ['{"identity":"ana","event":"A","properties":{"identity":"x","identity":"y"}}', 'identity'],
    ['{"identity":"ana","event":"A","properties":{"a":{"b":[{"c":1,"c":2}]}}}', 'c'],
    ['{"profiles":[{"identity":"ana","event_properties":{"value":1,"value":2}}]}', 'value'],
    ['{"profiles":[{"identity":"ana","key_values":{"coupon":1,"coupon":2}}]}', 'coupon'],
    ['{"profiles":{"identity":"ana","key_values":{"email":1,"email":2}}}', 'email'],
    ['{"key_values":{"coupon":1,"coupon":2},"profiles":[{"identity":"ana"}]}', 'coupon'],
    ['{"profiles":[{"identity":"ana","profileData":{"plan":1,"plan":2}}]}', 'plan'],
    ['{"profiles":[{"identity":"ana"},{"identity":"ben"}],"d":[{"event":"x","event":"y"}]}', 'event'],
    ['{"profiles":{"identity":"ana"},"d":[{"event":"x","event":"y"}]}', 'event'],
    ['{"profiles":[{"identity":"ana","d":[{"identity":"x","identity":"y"}]}]}', 'identity'],
    ['{"profiles":[{"identity":"ana","timestamp":1,"timestamp":2}]}', 'timestamp'],
    ['{"key_values":{"event_id":1,"event_id":2},"profiles":[{"identity":"ana"}]}', 'event_id'],
    ['{"identity":"ana","event":"A","d":[{"event":"x","event":"y"}]}', 'event'],
    ['{"identity":"ana","event":"A","d":1,"d":2}', 'd'],
    ['{"identity":"ana","event":"A","ts":1,"ts":2}', 'ts'],
    ['{"identity":"ana","event":"A","key_values":{"timestamp":1,"timestamp":2}}', 'timestamp'],
    ['{"identity":"ana","event":"A","key_values":{"a":1},"key_values":{"b":2}}', 'key_values'],
  ])('is counted: %s', (json, name) => {
    expect(changesOf(json)).toEqual([`name_collision: ${name}`]);
  });

  it('in a group of another casing, which is not read, is counted in addition to that group', () => {
    expect(
      changesOf('{"profiles":[{"identity":"ana"}],"Profiles":[{"identity":"x","identity":"y"}]}'),
    ).toEqual(['name_collision: identity', 'name_collision: Profiles']);
  });

  it('has its last value, as JSON.parse reads it', () => {
    expect(mapped('{"identity":"a","event":"A","properties":{"v":1,"v":2}}').event.properties).toEqual({
      v: 2,
    });
  });

  it('among the key-value pairs of a push is counted only where it was sent', () => {
    const push = (payload: string): string[] =>
      changesOf(`{"profiles":[{"identity":"ana","payload":${payload}}]}`);

    expect(push('{"title":"x"}')).toEqual([]);
    expect(push('{"title":"x","kvs":{"a":1}}')).toEqual([]);
    expect(push('{"title":"x","kvs":null}')).toEqual(['value_dropped: kvs']);
  });

  it('outside the profiles is counted for each profile, up to ten', () => {
    const names = Array.from({ length: 30 }, (_, index) => `"n${index}":1,"n${index}":2`);
    const sources = sourcesOf(
      `{"key_values":{${names.join()}},"profiles":[{"identity":"a"},{"identity":"b"}]}`,
    );

    expect(sources.map(({ losses }) => losses.length)).toEqual([10, 10]);
  });
});

describe('a field in two casings', () => {
  it.each([
    ['{"Email":"bob@shop.test","email":"ana@shop.test","event":"A"}', 'ana@shop.test', 'Email'],
    ['{"identity":"ana","IDENTITY":"bob","event":"A"}', 'ana', 'IDENTITY'],
    ['{"profiles":[{"Identity":"bob","identity":"ana"}]}', 'ana', 'Identity'],
    ['{"profiles":[{"identity":"ana"}],"Profiles":[{"identity":"bob"}]}', 'ana', 'Profiles'],
    ['{"identity":"ana","event":"A","Properties":{"x":1},"properties":{}}', 'ana', 'Properties'],
    ['{"profiles":[{"identity":"ana","key_values":{"event":"A","Event":"B"}}]}', 'ana', 'Event'],
    ['{"EMAIL":"ana@shop.test","Email":"bob@shop.test","event":"A"}', 'ana@shop.test', 'Email'],
    ['{"profiles":[{"identity":"ana","payload":{"a":1},"Payload":{"b":2}}]}', 'ana', 'Payload'],
    ['{"profiles":[{"identity":"ana","profileData":{"a":1},"ProfileData":{"b":2}}]}', 'ana', 'ProfileData'],
    ['{"identity":"ana","evtName":"A","ts":1664890781,"TS":1664890782}', 'ana', 'TS'],
  ])('has the value of the exact name, and the other is counted: %s', (json, identity, name) => {
    expect(mapped(json).event.identity).toBe(identity);
    expect(changesOf(json)).toEqual([`name_collision: ${name}`]);
  });

  it.each([
    '{"Identity":"ana","Email":"ana@shop.test","Event":"A"}',
    '{"identity":"ana","event":"A","properties":{"Price":1,"price":2}}',
    '{"profiles":[{"identity":"ana","key_values":{"Coupon":1,"coupon":2}}]}',
    '{"identity":"ana","event":"A","text":"\\"identity\\":1,\\"identity\\":2"}',
    '{"profiles":[{"identity":"ana"},{"identity":"ben"}]}',
    '{"identity":"ana","event":"A","properties":{"identity":"x","event":"y"}}',
    '{"identity":"ana","event":"A","d":1,"D":2,"ts":3,"TS":4,"key_values":{"x":1},"Key_Values":{"y":2}}',
    '{"profiles":[{"identity":"ana","d":1,"D":2,"timestamp":3,"Timestamp":4}],"email":1,"Email":2}',
    '{"key_values":{"event_id":1,"Event_Id":2},"profiles":[{"identity":"ana"}]}',
  ])('is not found in %s', (json) => {
    expect(changesOf(json)).toEqual([]);
  });
});

describe("a body of CleverTap's upload API", () => {
  it('is read like its elements, to each of which it can be narrowed', () => {
    const json =
      '{"d":[{"identity":"ana","type":"event","evtName":"A","ts":1664890781,"evtData":{"x":1}}, {"identity":"ben","evtName":"B"}]}';
    const [first, second] = sourcesOf(json);

    expect(mapEvent(first!, mappingContext())).toMatchObject({
      event: { event: 'A', identity: 'ana', timestamp: '2022-10-04T13:39:41.000Z', properties: { x: 1 } },
    });
    expect(second!.location).toEqual({ kind: 'element', key: 'd', index: 1 });
    expect(narrowMessage(json, [second!.location])).toBe('{"d":[{"identity":"ben","evtName":"B"}]}');
  });

  it.each([
    ['{"d":[]}', 'the list is empty'],
    ['{"d":{"identity":"a"}}', 'neither profiles nor an event: keys found: d'],
  ])('is not recognised in %s', (json, detail) => {
    expect(decodeMessage(json, undefined)).toMatchObject({ reason: 'unknown_shape', detail });
  });

  it('is not recognised in a custom body with a list of this name', () => {
    expect(mapped('{"identity":"ana","event":"A","d":[1,2]}').event.properties).toEqual({ d: '1||2' });
  });
});
