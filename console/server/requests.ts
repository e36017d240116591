import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { heapModes } from '../../local/heap/fake-heap';
import { readBody } from '../../local/http-server';

/** Why a request is answered with an error, as a sentence for the person at the page. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const sendRequest = z.strictObject({ payload: z.string(), pathEvent: z.string().optional() });

export const heapRequest = z.union([
  z.strictObject({
    mode: z.enum(heapModes),
    times: z.int().min(1).optional(),
    retryAfter: z.int().min(0).optional(),
  }),
  z.strictObject({ storm: z.string().min(1).max(100) }),
]);

export const deadLetterRequest = z.strictObject({ reason: z.string().min(1).optional() });

/** More than the endpoint takes, so that it is the endpoint that refuses what is too long. */
const maxBodyBytes = 24 * 1024 * 1024;

/** @throws {Refusal} for a body that is too long, no JSON or of another shape */
export async function readRequest<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) {
    throw new Refusal(
      413,
      'The request is longer than 24 MB, and the endpoint takes 512 KiB. Send less at a time.',
    );
  }
  const parsed = schema.safeParse(parseJson(body.toString()));
  if (parsed.success) return parsed.data;
  throw new Refusal(
    400,
    `The request is not what this server takes; reload the page. ${z.prettifyError(parsed.error)}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
