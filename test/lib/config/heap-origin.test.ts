import { heapOrigin } from '../../../lib/config/heap-origin';

test.each([
  ['https://heapanalytics.com', 'https://heapanalytics.com'],
  ['https://Heap.Clevertap-To-Heap.dev:8443/', 'https://heap.clevertap-to-heap.dev:8443'],
])('%s is an origin', (url, origin) => {
  expect(heapOrigin(url)).toEqual({ origin });
});

// environment-config.test.ts covers every reason; this covers what a reason must not contain.
test.each([
  'https://ana:pii-pa55@heap.clevertap-to-heap.dev',
  'https://pii-pa55@heap.clevertap-to-heap.dev',
  'https://ana:pii-pa55@127.0.0.1',
  'http://ana:pii-pa55@heap.clevertap-to-heap.dev',
  'https://heap.clevertap-to-heap.dev/?token=pii-pa55',
  'https://heap.clevertap-to-heap.dev/pii-pa55',
  'https://ana:pii/pa55@heap.clevertap-to-heap.dev',
  'pii-pa55',
])('the reason for refusing %s does not repeat it', (url) => {
  const checked = heapOrigin(url);

  expect(checked).toHaveProperty('problem');
  expect(JSON.stringify(checked)).not.toMatch(/pii|pa55|ana/);
});
