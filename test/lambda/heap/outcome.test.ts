import fc from 'fast-check';
import {
  describeAnswer,
  outcomeOf,
  parseRetryAfter,
  refusedIndex,
  type Outcome,
} from '../../../lambda/heap/outcome';

const answer = (status: number, body = ''): { status: number; body: string } => ({ status, body });

/** Every status that does not simply mean "retry". */
const table: readonly [from: number, to: number, outcome: Outcome][] = [
  [200, 299, 'delivered'],
  [300, 399, 'redirected'],
  [400, 400, 'invalid'],
  [401, 401, 'unauthorized'],
  [402, 402, 'refused'],
  [403, 403, 'unauthorized'],
  [404, 407, 'refused'],
  [409, 412, 'refused'],
  [413, 413, 'too_large'],
  [414, 424, 'refused'],
  [426, 428, 'refused'],
  [430, 499, 'refused'],
];

const expectedOutcome = (status: number): Outcome =>
  table.find(([from, to]) => from <= status && status <= to)?.[2] ?? 'retry';

describe('outcomeOf', () => {
  it('has exactly one meaning for every status from 100 to 599 (F48)', () => {
    const statuses = Array.from({ length: 500 }, (_, index) => 100 + index);

    expect(statuses.map((status) => [status, outcomeOf(answer(status))])).toEqual(
      statuses.map((status) => [status, expectedOutcome(status)]),
    );
  });

  it.each([
    [100, 'retry'],
    [200, 'delivered'],
    [204, 'delivered'],
    [302, 'redirected'],
    [400, 'invalid'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'refused'],
    [408, 'retry'],
    [413, 'too_large'],
    [422, 'refused'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [599, 'retry'],
  ])('of %d is %s', (status, outcome) => {
    expect(outcomeOf(answer(status))).toBe(outcome);
  });

  it.each([0, 99, 600, 999, -1, NaN])('of %d, which no server may send, is retry', (status) => {
    expect(outcomeOf(answer(status))).toBe('retry');
  });

  it.each(['ECONNRESET', 'timeout', 'HPE_INVALID_CONSTANT'])('of the fault %s is retry (F51)', (fault) => {
    expect(outcomeOf({ fault })).toBe('retry');
  });

  it('does not depend on what the body says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, body) => {
        expect(outcomeOf(answer(status, body))).toBe(outcomeOf(answer(status)));
      }),
    );
  });
});

describe('refusedIndex', () => {
  it.each([
    ['postBody.events[0].properties should be object', 0],
    ['postBody.events[17].identity should be given', 17],
    ['postBody.events[999] should be object', 999],
    ['postBody.events[3].identity should be string, got "events[5]"', 3],
  ])('of %j is %d', (body, index) => {
    expect(refusedIndex(body)).toBe(index);
  });

  it.each([
    '',
    'Bad Request',
    'postBody.events should be array',
    'events[]',
    'events[-1]',
    'events[x]',
    'Error: events[3] is bad',
  ])('of %j is unknown', (body) => {
    expect(refusedIndex(body)).toBeUndefined();
  });

  it('is unknown if no bulk can have such an index', () => {
    expect(refusedIndex(`events[${'9'.repeat(400)}]`)).toBeUndefined();
  });
});

describe('describeAnswer', () => {
  it.each([
    'postBody should be object',
    'postBody.events[0].properties should be object',
    'postBody.events[12].properties.value should be number or string',
    'postBody.app_id should be string\n',
  ])('quotes %j, which states a rule', (body) => {
    expect(describeAnswer(answer(400, body))).toBe(`Heap answered 400: ${body.trim()}`);
  });

  it.each([
    'identity ana@shop.test is not allowed',
    'postBody.events[0].identity should be string, got "ana@shop.test"',
    'postBody.events[0].properties["ana@shop.test"] should be string',
    'postBody.events[0].identity should be string\nana',
    'x postBody.events[0] should be object',
    '{"error":"ana"}',
    '<html>ana</html>',
    `postBody should be ${'ana '.repeat(100)}`,
    `postBody.${'ana'.repeat(100)} should be string`,
    '',
  ])('gives only the status for %j, which could hold personal data (F68)', (body) => {
    expect(describeAnswer(answer(422, body))).toBe('Heap answered 422');
  });

  it("gives a fault's code", () => {
    expect(describeAnswer({ fault: 'ECONNRESET' })).toBe('no answer from Heap: ECONNRESET');
  });
});

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 9, 1, 9);

  it.each([
    ['0', 0],
    ['5', 5],
    ['120', 120],
    [' 120 ', 120],
    ['999999999', 999_999_999],
    ['Thu, 01 Oct 2026 09:02:00 GMT', 120],
    ['Fri, 02 Oct 2026 09:00:00 GMT', 86_400],
    ['Thu, 01 Oct 2026 09:00:00 GMT', 0],
    ['Thu, 01 Oct 2026 08:00:00 GMT', 0],
    ['Thursday, 01-Oct-26 09:02:00 GMT', 120],
  ])('reads %j as %d seconds', (value, seconds) => {
    expect(parseRetryAfter(value, now)).toBe(seconds);
  });

  it('rounds up, so that a retry is never too early', () => {
    expect(parseRetryAfter('Thu, 01 Oct 2026 09:00:01 GMT', now + 1)).toBe(1);
  });

  it.each([undefined, '', ' ', 'soon', 'Infinity', '1e3x', '120s', 'NaN'])(
    'does not understand %j',
    (value) => {
      expect(parseRetryAfter(value, now)).toBeUndefined();
    },
  );
});
