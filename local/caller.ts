import type { IncomingMessage } from 'node:http';

/** The name in the addresses that are printed. */
export const printedHost = '127.0.0.1';
/** The host names that programs on this machine use for a server on 127.0.0.1. */
const hostNames: readonly string[] = [printedHost, 'localhost'];

/**
 * The reason to refuse a request that a web page in a browser on this machine may have sent, or undefined.
 *
 * A page of another site sends another `Origin`, or `null`. With DNS rebinding, a page's own name resolves to
 * 127.0.0.1: its origin is not foreign, but its name is in `Host`. Programs such as curl send no `Origin`.
 *
 * @param port the port the server listens on
 * @param names the host names to accept
 */
export function refusalOf(
  { headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>,
  port: number,
  names = hostNames,
): string | undefined {
  const hosts = names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  // Not `headers`, which keeps only the first of two Host headers.
  const { host = [], origin = [] } = headersDistinct;
  if (host.length !== 1 || !host.every((value) => hosts.includes(value.toLowerCase()))) {
    return `This server only accepts programs on this machine: Host must be ${names.map((name) => `${name}:${port}`).join(' or ')}.`;
  }
  if (!origin.every((value) => hosts.some((own) => value === `http://${own}`))) {
    return 'This server only accepts programs on this machine, not pages of another origin.';
  }
  return undefined;
}
