import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Sample } from '../samples';
import { OperatorError } from './operator-error';

/**
 * The payload of a sample, in a file, or on standard input for `-` or neither, byte for byte.
 *
 * @throws {OperatorError} when there is nothing to read, or two payloads are named
 */
export async function readPayload(file: string | undefined, sample?: Sample): Promise<Buffer> {
  if (sample !== undefined) {
    if (file !== undefined) throw new OperatorError(`name a file or a sample: ${file} would be left out`);
    return Buffer.from(sample.body);
  }
  return readInput(
    file,
    'name the file that holds the payload, pipe the payload into this command, or take a sample: --sample custom-body',
  );
}

/**
 * A file, or standard input for `-` or none, byte for byte.
 *
 * @param whatToGive what to say when there is no file, and standard input is a terminal
 * @throws {OperatorError} when there is nothing to read
 */
export async function readInput(file: string | undefined, whatToGive: string): Promise<Buffer> {
  if (file === undefined && process.stdin.isTTY) throw new OperatorError(whatToGive);
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
  const isScript = ['relay', 'playground'].includes(process.env['npm_lifecycle_event'] ?? '');
  const folder = isScript ? process.env['INIT_CWD'] : undefined;
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
