import { BlockList, isIPv4 } from 'node:net';

/** Ranges outside the internet (IANA IPv4 Special-Purpose Address Registry; RFC 1112, RFC 5771). */
const specialIpv4: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** The only IPv6 range assigned for the internet (IANA IPv6 Global Unicast Address Assignments). */
const globalUnicast: readonly [network: string, prefix: number] = ['2000::', 3];

/** The documentation ranges within it (RFC 3849, RFC 9637). */
const specialIpv6: readonly [network: string, prefix: number][] = [
  ['2001:db8::', 32],
  ['3fff::', 20],
];

/** A shorter prefix admits a large part of the internet; two /1 ranges admit all of it. */
const shortestPrefix = { ipv4: 8, ipv6: 16 } as const;

/**
 * Checks that a range is public and that it is not a large part of the internet.
 *
 * @param range valid CIDR notation
 * @returns what is wrong with the range, or undefined
 */
export function problemOfRange(range: string): 'too wide' | 'not public' | undefined {
  const [address = '', length] = range.split('/');
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const prefix = Number(length);
  if (prefix < shortestPrefix[family]) return 'too wide';
  const isWithin = ([network, networkPrefix]: readonly [string, number]): boolean => {
    const list = new BlockList();
    list.addSubnet(network, networkPrefix, family);
    return prefix >= networkPrefix && list.check(address, family);
  };
  const isPublic =
    family === 'ipv4' ? !specialIpv4.some(isWithin) : isWithin(globalUnicast) && !specialIpv6.some(isWithin);
  return isPublic ? undefined : 'not public';
}
