import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { isJsonObject } from '../../lambda/json';
import { heapModes } from '../../local/heap/fake-heap';
import { readBody } from '../../local/http-server';
import type { HeapRequest } from '../wire';

/** Why a request is refused, as a sentence for the user of the page. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const sendRequest = z.strictObject({ payload: z.string(), pathEvent: z.string().optional() });

const modeRequest = z.strictObject({
  mode: z.enum(heapModes),
  times: z.int().min(1).optional(),
  retryAfter: z.int().min(0).optional(),
});
const stormRequest = z.strictObject({ storm: z.string().min(1).max(100) });

/** Not a union: its error would not say what is wrong. */
export const heapRequest = (body: unknown): z.ZodType<HeapRequest> =>
  isJsonObject(body) && 'storm' in body ? stormRequest : modeRequest;

export const deadLetterRequest = z.strictObject({ reason: z.string().min(1).optional() });

/** More than the endpoint accepts, so that the endpoint itself refuses a long payload. */
const maxBodyBytes = 24 * 1024 * 1024;

/** @throws {Refusal} for a body that is too long, is not JSON or has another shape */
export async function readRequest<T>(
  request: IncomingMessage,
  schema: z.ZodType<T> | ((body: unknown) => z.ZodType<T>),
): Promise<T> {
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) {
    throw new Refusal(
      413,
      'The request is longer than 24 MB, and the endpoint takes 512 KiB. Send less at a time.',
    );
  }
  const json = parseJson(body.toString());
  const parsed = (typeof schema === 'function' ? schema(json) : schema).safeParse(json, {
    reportInput: true,
  });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(describeIssue).join('; ');
  throw new Refusal(400, `The request is not what this server takes; reload the page. ${problems}.`);
}

/** @throws {Refusal} for a body that is not JSON, without quoting it: it may contain personal data */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const found = text.trim() === '' ? 'is empty' : `of ${text.length} characters is not JSON`;
    throw new Refusal(400, `The request's body ${found}: send a JSON object, or reload the page.`);
  }
}

/** What is wrong and where, with a short value, e.g. `mode: Invalid option …, got "broken"`. */
function describeIssue({ code, path, message, input }: z.core.$ZodIssue): string {
  const where = `${path.length === 0 ? 'the body' : path.join('.')}: ${message}`;
  // The message names the keys.
  if (code === 'unrecognized_keys') return where;
  if (input === undefined) return `${where}, got nothing`;
  const got = typeof input === 'object' && input !== null ? 'an object or a list' : JSON.stringify(input);
  return `${where}, got ${got.length > 100 ? `${got.slice(0, 100)}…` : got}`;
}
