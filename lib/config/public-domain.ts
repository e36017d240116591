/**
 * Domains that do not exist on the public internet: reserved by RFC 2606, 6761, 6762, 7686 and 9476 or by
 * ICANN ("internal"), or used only in private networks.
 */
const nowhere =
  /(?:^|\.)(?:test|example|invalid|localhost|local|onion|alt|internal|intranet|lan|home|corp|arpa|example\.(?:com|net|org))$/;

/** Whether a host, or mail to it, is reachable from the internet. Ignores case and a trailing dot. */
export function isPublicDomain(name: string): boolean {
  const domain = name.toLowerCase().replace(/\.$/, '');
  return /^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain) && !nowhere.test(domain);
}
