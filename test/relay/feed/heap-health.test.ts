import { HeapWatch } from '../../../relay/feed/heap-health';

const at = 1_763_985_600_000;
const refused = (fields: object): object => ({
  message: 'Heap did not take a bulk',
  outcome: 'retry',
  ...fields,
});
const forwarded = (fields: object): object => ({
  message: 'batch forwarded',
  heapRequests: 1,
  retried: 0,
  ...fields,
});

function watch(...lines: (object | string)[]): HeapWatch {
  const heap = new HeapWatch();
  for (const line of lines)
    heap.take({ at, stream: 'a', line: typeof line === 'string' ? line : JSON.stringify(line) });
  return heap;
}

test.each([
  ['nothing was sent', [], 'unknown', null],
  ['a batch of pings', [forwarded({ heapRequests: 0 })], 'unknown', null],
  ['a bulk that Heap took', [forwarded({})], 'ok', null],
  ['a failure', [refused({ status: 500 })], 'failing', 'Heap answered 500'],
  ['no answer', [refused({ status: 'timeout' })], 'failing', 'Heap: no answer (timeout)'],
  ['a 429', [refused({ status: 429, isHeapDown: true })], 'throttled', 'Heap answered 429'],
  ['a wrong token', [refused({ outcome: 'unauthorized', status: 401 })], 'failing', 'Heap answered 401'],
  ['a waiting batch', [refused({ status: 500 }), forwarded({ retried: 3 })], 'failing', 'Heap answered 500'],
  ['a recovery in a batch', [refused({ status: 500 }), forwarded({ heapRequests: 2 })], 'ok', null],
  ['events refused one by one', [refused({ outcome: 'invalid', status: 400 })], 'ok', null],
  ['a lack of time', [forwarded({ retried: 3 })], 'ok', null],
  ['lines of Lambda itself', ['START RequestId: 1', '{"level":', '[]'], 'unknown', null],
])("%s shows Heap's health", (_, lines, health, said) => {
  expect(watch(...lines).now).toEqual({ health, said, nextProbeAt: null });
});

test('the next probe is known if the function waits for it, but not if Heap asked for a pause', () => {
  const failure = refused({ status: 500, isHeapDown: false });
  const opening = refused({ status: 500, isHeapDown: true });
  expect(watch(failure, failure, opening).now.nextProbeAt).toBe(at + 30_000);
  expect(watch(failure, failure, opening, forwarded({ retried: 1 })).now.nextProbeAt).toBeNull();
  // Only a Retry-After opens the breaker this early.
  expect(watch(opening).now.nextProbeAt).toBeNull();
  expect(watch(opening, opening, opening, opening).now.nextProbeAt).toBeNull();
  expect(watch(opening, forwarded({}), failure, failure, opening).now.nextProbeAt).toBe(at + 30_000);
});
