import type { IncomingMessage } from 'node:http';

/** The names by which programs on this machine call a server on 127.0.0.1. */
const hostNames = ['127.0.0.1', 'localhost'];

/**
 * Why a server on 127.0.0.1 must not answer a request, if so: a page in a browser of this machine may have sent it.
 *
 * A page of another site has another `Origin`, or `null`. One whose own name was made to resolve to 127.0.0.1 (DNS
 * rebinding) has no foreign origin, but its name is in `Host`. Programs such as curl send no `Origin`.
 *
 * @param port where the server listens
 */
export function refusalOf(
  { headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>,
  port: number,
): string | undefined {
  const hosts = hostNames.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  // Not `headers`, which takes the first of two Hosts and drops the other.
  const { host = [], origin = [] } = headersDistinct;
  if (host.length !== 1 || !host.every((value) => hosts.includes(value.toLowerCase()))) {
    return `This server answers programs on this machine only: Host must be 127.0.0.1:${port} or localhost:${port}.`;
  }
  if (!origin.every((value) => hosts.some((own) => value === `http://${own}`))) {
    return 'This server answers programs on this machine only, and no page of another origin.';
  }
  return undefined;
}
