import { InvalidArgumentError } from 'commander';

/** A port; 0 stands for a free one. */
export function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

export function toAppId(text: string): string {
  if (/^\d+$/.test(text)) return text;
  throw new InvalidArgumentError('A Heap app id consists of digits.');
}
