import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Sample } from '../samples';
import { OperatorError } from './operator-error';

/**
 * Reads the payload, byte for byte, from a sample, from a file, or from standard input for `-` or neither.
 *
 * @throws {OperatorError} when there is nothing to read, or both a file and a sample are given
 */
export async function readPayload(file: string | undefined, sample?: Sample): Promise<Buffer> {
  if (sample !== undefined) {
    if (file !== undefined)
      throw new OperatorError(`give either a file or a sample: ${file} would be ignored`);
    return Buffer.from(sample.body);
  }
  return readInput(
    file,
    'give the file that holds the payload, pipe the payload into this command, or use a sample: --sample custom-body',
  );
}

/**
 * Reads a file, or standard input for `-` or no file, byte for byte.
 *
 * @param whatToGive the error message if there is no file and standard input is a terminal
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

/** Resolves a path from the user's folder: npm runs scripts in the package's folder, and has the user's in INIT_CWD. */
export function whereItWasCalled(path: string): string {
  const isScript = ['relay', 'playground'].includes(process.env['npm_lifecycle_event'] ?? '');
  const folder = isScript ? process.env['INIT_CWD'] : undefined;
  return resolve(folder ?? '', path);
}

/** Why a file could not be opened or written. */
export function whyUnusable(error: unknown): string {
  switch (typeof error === 'object' && error !== null && 'code' in error && error.code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'you have no permission to';
    case 'EEXIST':
      return 'it already exists';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
