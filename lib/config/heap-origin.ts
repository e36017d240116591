import { isIP } from 'node:net';
import { isPublicDomain } from './public-domain';

/**
 * The origin at which Heap receives events, or why it must not be reached by this URL. The events carry personal
 * data: they go to a public host over TLS or nowhere (F58).
 *
 * @returns `problem` goes on after the name of the setting, and holds nothing of the URL, which may have a password
 */
export function heapOrigin(text: string): { readonly origin: string } | { readonly problem: string } {
  if (!URL.canParse(text)) return { problem: 'must be a URL such as "https://c.eu.heap-api.com"' };
  const url = new URL(text);
  const problem = problemOf(url);
  return problem === undefined ? { origin: url.origin } : { problem };
}

function problemOf(url: URL): string | undefined {
  // A name may end in a dot, and means the same.
  const host = url.hostname.replace(/\.$/, '');
  if (host === 'eu.heapanalytics.com') {
    return 'is the web application of Heap EU and does not receive events; use https://c.eu.heap-api.com (region: "eu")';
  }
  if (url.protocol !== 'https:') return 'must start with https://';
  if (url.username !== '' || url.password !== '')
    return 'must not carry credentials; they belong in the secret';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must be an origin without path or query';
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return 'must name a host, not an IP address';
  if (!isPublicDomain(host)) return 'must name a public host';
  return undefined;
}
