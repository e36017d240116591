import { refusedIndex } from '../../../lambda/heap/outcome';

describe('the event that Heap refuses (F57)', () => {
  it.each([
    ['postBody.events[0].properties should be object', 0],
    ['postBody.events[17].properties["events[7]"] should be string', 17],
    ['postBody.users[999] should be object', 999],
    [' postBody.events[3].identity should be string, got "postBody.events[7].x"\n', 3],
  ])('is named by %j: %d', (body, index) => {
    expect(refusedIndex(body)).toBe(index);
  });

  it.each([
    'identity "events[7]" is not allowed',
    'Error: events[3] is bad',
    'could not parse "postBody.events[7].properties should be object"',
    '{"error":"postBody.events[7] should be object"}',
    'postBody.app_id should be string, got events[7]',
    'postBody["events[7]"] should be object',
    'postBody.events[7]x should be object',
    'postBody.events[12345].properties should be object',
    'postbody.events[7] should be object',
  ])('is not named by %j', (body) => {
    expect(refusedIndex(body)).toBeUndefined();
  });
});
