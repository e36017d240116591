/**
 * Names that lead nowhere on the internet: reserved by RFC 2606, 6761, 6762, 7686 and 9476 or by ICANN ("internal"),
 * or in use in private networks alone.
 */
const nowhere =
  /(?:^|\.)(?:test|example|invalid|localhost|local|onion|alt|internal|intranet|lan|home|corp|arpa|example\.(?:com|net|org))$/;

/** Whether a host of this name, or mail to it, can be reached from the internet. Case and a dot at the end do not count. */
export function isPublicDomain(name: string): boolean {
  const domain = name.toLowerCase().replace(/\.$/, '');
  return /^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain) && !nowhere.test(domain);
}
