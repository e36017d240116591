import { InvalidArgumentError } from 'commander';

/** Parses a port; 0 picks a free one. */
export function toPort(value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

export function toAppId(value: string): string {
  if (/^\d+$/.test(value)) return value;
  throw new InvalidArgumentError('A Heap app id consists of digits.');
}
