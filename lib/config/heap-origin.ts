import { isIP } from 'node:net';
import { isPublicDomain } from './public-domain';

/**
 * Returns the origin at which Heap receives events, or why this URL is refused. Events carry personal data:
 * they go only to a public host over TLS.
 *
 * @returns `problem`, worded to follow the name of the setting. It never contains the URL, which may hold a
 * password.
 */
export function heapOrigin(text: string): { readonly origin: string } | { readonly problem: string } {
  if (!URL.canParse(text)) return { problem: 'must be a URL such as "https://c.eu.heap-api.com"' };
  const url = new URL(text);
  const problem = problemOf(url);
  return problem === undefined ? { origin: url.origin } : { problem };
}

function problemOf(url: URL): string | undefined {
  // A host name may end in a dot without changing its meaning.
  const host = url.hostname.replace(/\.$/, '');
  if (host === 'eu.heapanalytics.com') {
    return 'must be https://c.eu.heap-api.com (region: "eu"): this host is the web application of Heap EU and receives no events';
  }
  if (url.protocol !== 'https:') return 'must start with https://';
  if (url.username !== '' || url.password !== '')
    return 'must not have credentials; store them in the secret';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must be an origin without path or query';
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return 'must name a host, not an IP address';
  if (!isPublicDomain(host)) return 'must name a public host';
  return undefined;
}
