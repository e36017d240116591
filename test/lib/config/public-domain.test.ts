import { isPublicDomain } from '../../../lib/config/public-domain';

test.each([
  'heapanalytics.com',
  'c.eu.heap-api.com',
  'C.EU.Heap-Api.COM.',
  'test.dev',
  'example-shop.com',
  'myexample.com',
  'local.dev',
  'xn--mnchen-3ya.de',
])('%s can be reached', (name) => {
  expect(isPublicDomain(name)).toBe(true);
});

test.each([
  // RFC 2606 and 6761
  ...['test', 'shop.test', 'Shop.TEST.', 'shop.example', 'shop.invalid', 'localhost', 'shop.localhost'],
  ...['example.com', 'mail.example.com', 'example.net', 'example.org'],
  // RFC 6762, 7686 and 9476, and ICANN
  ...['nas.local', 'shop.onion', 'shop.alt', 'mail.corp.internal'],
  ...['router.lan', 'mail.corp', 'nas.home', 'wiki.intranet', '1.0.0.127.in-addr.arpa'],
  ...['heap', '', '.', 'a..com', 'a b.com', 'ana@shop.com'],
])('%j cannot', (name) => {
  expect(isPublicDomain(name)).toBe(false);
});
