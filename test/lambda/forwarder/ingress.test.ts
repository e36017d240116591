import { readIngress } from '../../../lambda/forwarder/ingress';
import { RECEIVED_AT, sqsRecord } from '../../support/sqs-record';

describe('readIngress', () => {
  it("reads the endpoint's stamps, not SQS's id or time (F65)", () => {
    const record = sqsRecord('{}', { messageId: 'sqs-id', requestId: 'request-1', event: 'Purchase' });

    expect(readIngress({ ...record, attributes: { ...record.attributes, SentTimestamp: '1' } })).toEqual({
      requestId: 'request-1',
      receivedAt: RECEIVED_AT,
      pathEvent: 'Purchase',
    });
  });

  it.each([
    ['Added%20to%20cart', 'Added to cart'],
    ['Caf%C3%A9', 'Café'],
    ['100%2525', '100%25'],
    ['a%2Fb', 'a/b'],
    ['a+b', 'a+b'],
    ['plain', 'plain'],
  ])('decodes the event %s of the URL once, as %s', (event, expected) => {
    expect(readIngress(sqsRecord('{}', { event }))?.pathEvent).toBe(expected);
  });

  it.each(['100%', '%zz', '%C3', '%E0%A4%A', '%'])('uses %s, an invalid escape, as it is', (event) => {
    expect(readIngress(sqsRecord('{}', { event }))?.pathEvent).toBe(event);
  });

  it('returns no event if the URL had none', () => {
    expect(readIngress(sqsRecord('{}'))?.pathEvent).toBeUndefined();
  });

  it.each([
    ['no request id', { requestId: null }],
    ['no time', { receivedAt: null }],
    ['neither', { requestId: null, receivedAt: null }],
    ['an invalid time', { receivedAt: 'yesterday' }],
    ['an empty time', { receivedAt: '' }],
    ['a negative time', { receivedAt: -1 }],
    ['a time beyond all dates', { receivedAt: '9'.repeat(16) }],
  ])('accepts no message with %s: there is no substitute for it (F65)', (_, stamps) => {
    expect(readIngress(sqsRecord('{}', stamps))).toBeUndefined();
  });
});
