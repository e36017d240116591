import { decodeMessage, isUnreadable, type EventLocation } from '../../../lambda/clevertap/decode-message';
import { ingressStamps, type RejectionReason } from '../../../lambda/contract';
import {
  deadLettersOf,
  sizeOf,
  type Letter,
  type RejectedEvent,
} from '../../../lambda/forwarder/dead-letter';
import { attributesOf } from '../../support/in-memory-ports';
import { otherOrigin } from '../../../lambda/forwarder/origin';
import { RECEIVED_AT, sqsRecord } from '../../support/sqs-record';

const MIB = 1_048_576;
const whole: EventLocation = { kind: 'whole' };
const profile = (index: number): EventLocation => ({ kind: 'element', key: 'profiles', index });
const rejectedFor = (
  reason: RejectionReason,
  location: EventLocation = whole,
  detail = 'why',
): RejectedEvent => ({
  location,
  origin: otherOrigin,
  reason,
  detail,
});

describe('deadLettersOf', () => {
  it('returns none for a message without rejected events', () => {
    expect(deadLettersOf(sqsRecord('{}'), [])).toEqual([]);
  });

  it('holds the message as received, with its stamps and the reason', () => {
    const body = '{"identity": "guest", "value": 12345678901234567890}';
    const record = sqsRecord(body, { requestId: 'request-1', event: 'Added%20to%20cart' });

    expect(deadLettersOf(record, [rejectedFor('placeholder_identity')])).toEqual([
      {
        body,
        attributes: {
          requestId: { DataType: 'String', StringValue: 'request-1' },
          receivedAt: { DataType: 'Number', StringValue: String(RECEIVED_AT) },
          event: { DataType: 'String', StringValue: 'Added%20to%20cart' },
          reason: { DataType: 'String', StringValue: 'placeholder_identity' },
          events: { DataType: 'Number', StringValue: '1' },
          detail: { DataType: 'String', StringValue: 'why' },
        },
      },
    ]);
  });

  it('returns one per reason, narrowed to its events', () => {
    const record = sqsRecord('{"profiles":[{"a":0},{"a":1},{"a":2},{"a":3}],"key_values":{"event":"x"}}');
    const letters = deadLettersOf(record, [
      rejectedFor('placeholder_identity', profile(0), 'first'),
      rejectedFor('unknown_shape', profile(1)),
      rejectedFor('placeholder_identity', profile(3), 'second'),
    ]);

    expect(letters.map((letter) => [letter?.body, attributesOf(letter)])).toMatchObject([
      [
        '{"profiles":[{"a":0},{"a":3}],"key_values":{"event":"x"}}',
        { reason: 'placeholder_identity', events: '2', detail: 'first' },
      ],
      ['{"profiles":[{"a":1}],"key_values":{"event":"x"}}', { reason: 'unknown_shape', events: '1' }],
    ]);
  });

  it('returns dead letters that are source messages again, with the same stamps (F65)', () => {
    const record = sqsRecord({ profiles: [{ identity: 'a' }, 7, { identity: 'b' }] });
    const [letter] = deadLettersOf(record, [rejectedFor('missing_event_name', profile(2))]);
    const decoded = decodeMessage(letter?.body ?? '', undefined);

    expect(
      decoded.kind === 'events' && decoded.events.map((event) => isUnreadable(event) || event.profile),
    ).toEqual([{ identity: 'b' }]);
    for (const stamp of [ingressStamps.requestId, ingressStamps.receivedAt])
      expect(attributesOf(letter)[stamp]).toBe(record.messageAttributes[stamp]?.stringValue);
  });

  it('invents no stamps for a message without any', () => {
    const record = sqsRecord('{}', { requestId: null, receivedAt: null });
    const [letter] = deadLettersOf(record, [rejectedFor('missing_ingress_stamps')]);

    expect(Object.keys(attributesOf(letter))).toEqual(['reason', 'events', 'detail']);
  });

  it('keeps the stamps of an earlier dead letter, but not its reason', () => {
    const record = sqsRecord('{}');
    const text = record.messageAttributes['requestId']!;
    const before = {
      ...record,
      messageAttributes: {
        ...record.messageAttributes,
        reason: { ...text, stringValue: 'invalid_json' },
        detail: { ...text, stringValue: 'old' },
      },
    };
    const [letter] = deadLettersOf(before, [rejectedFor('unknown_shape', whole, 'new')]);

    expect(Object.keys(letter?.attributes ?? {})).toEqual([
      'requestId',
      'receivedAt',
      'reason',
      'events',
      'detail',
    ]);
    expect(attributesOf(letter)).toMatchObject({ reason: 'unknown_shape', detail: 'new' });
  });

  it('omits an empty detail: SQS accepts no empty attribute', () => {
    const [letter] = deadLettersOf(sqsRecord('{}'), [rejectedFor('heap_rejected', whole, '')]);

    expect(attributesOf(letter)).not.toHaveProperty('detail');
  });

  describe("near SQS's limit (F62)", () => {
    /** A message whose dead letter, with all its attributes, has the given size. */
    const letterOf = (size: number): Letter | undefined => {
      const rejection = [rejectedFor('invalid_json', whole, 'line 1 column 1')];
      const [small] = deadLettersOf(sqsRecord('x'), rejection);
      const body = 'x'.repeat(size - sizeOf(small!) + 1);
      return deadLettersOf(sqsRecord(body), rejection)[0];
    };
    const detailBytes = 'detail'.length + 'String'.length + 'line 1 column 1'.length;

    it('keeps the detail up to the last byte', () => {
      const letter = letterOf(MIB);

      expect(attributesOf(letter)).toHaveProperty('detail');
      expect(sizeOf(letter!)).toBe(MIB);
    });

    it.each([1, detailBytes])('drops the detail when it is %d bytes too long', (excess) => {
      const letter = letterOf(MIB + excess);

      expect(attributesOf(letter)).toMatchObject({ reason: 'invalid_json', events: '1' });
      expect(attributesOf(letter)).not.toHaveProperty('detail');
      expect(sizeOf(letter!)).toBeLessThanOrEqual(MIB);
    });

    it('gives up if the rest is still too large', () => {
      expect(letterOf(MIB + detailBytes + 1)).toBeUndefined();
    });

    it('counts bytes and not characters', () => {
      const body = 'é'.repeat(MIB / 2);

      expect(deadLettersOf(sqsRecord(body), [rejectedFor('invalid_json')])).toEqual([undefined]);
    });

    it('checks each dead letter of a message separately', () => {
      const large = 'x'.repeat(MIB - 100);
      const record = sqsRecord({ profiles: [large, { small: 1 }] });

      expect(
        deadLettersOf(record, [
          rejectedFor('unknown_shape', profile(0)),
          rejectedFor('missing_identity', profile(1)),
        ]).map((letter) => letter?.body),
      ).toEqual([undefined, '{"profiles":[{"small":1}]}']);
    });
  });
});

describe('sizeOf', () => {
  it('counts as SQS does: the body and name, type and value of each attribute, in bytes', () => {
    const attributes: Letter['attributes'] = {
      requestId: { DataType: 'String', StringValue: 'é' },
      n: { DataType: 'Number', StringValue: '12' },
    };

    expect(sizeOf({ body: 'x€😀', attributes: {} })).toBe(1 + 3 + 4);
    expect(sizeOf({ body: '', attributes })).toBe(9 + 6 + 2 + (1 + 6 + 2));
  });
});
