import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { OperatorError } from './operator-error';

/**
 * The payload in a file, or on standard input for `-` or no file, byte for byte.
 *
 * @throws {OperatorError} when there is nothing to read
 */
export async function readPayload(file: string | undefined): Promise<Buffer> {
  if (file === undefined && process.stdin.isTTY) {
    throw new OperatorError('name the file that holds the payload, or pipe the payload into this command');
  }
  return file === undefined || file === '-' ? buffer(process.stdin) : readBytes(file);
}

/** @throws {OperatorError} when the file cannot be read, saying why */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(whereItWasCalled(file));
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${whyUnusable(error)}`);
  }
}

/** A path as the person meant it: npm runs a script in the folder of package.json and tells here where they are. */
export function whereItWasCalled(path: string): string {
  const folder = process.env['npm_lifecycle_event'] === 'relay' ? process.env['INIT_CWD'] : undefined;
  return resolve(folder ?? '', path);
}

/** Why a file could not be opened. */
export function whyUnusable(error: unknown): string {
  switch (typeof error === 'object' && error !== null && 'code' in error && error.code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'you have no permission to';
    case 'EEXIST':
      return 'it exists already';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
