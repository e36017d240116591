import { isJsonObject, type JsonObject } from '../../../lambda/json';
import type {
  ConsoleSettings,
  DeadLetterAnswer,
  DeadLetterRequest,
  DeadLetters,
  HeapRequest,
  HeapStatus,
  RowDetail,
  RowPayload,
  SendAnswer,
  SendRequest,
} from '../../wire';

/** A call to the console's server failed. The message is for the user. */
export class Refused extends Error {
  constructor(
    message: string,
    /** The HTTP status; 0 if there was no answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** Page and server are of one version, so one field is enough to recognize an answer. */
export const has =
  <T>(name: keyof T & string) =>
  (value: unknown): value is T =>
    isJsonObject(value) && Object.hasOwn(value, name);

const isSettings = has<ConsoleSettings>('webhookUrl');
const isRowDetail = has<RowDetail>('received');
const isRowPayload = has<RowPayload>('payload');
const isSendAnswer = has<SendAnswer>('status');
const isHeapStatus = has<HeapStatus>('health');
const isDeadLetters = has<DeadLetters>('groups');
const isDeadLetterAnswer = has<DeadLetterAnswer>('complete');

/** How long an answer may take. Moving many dead letters takes longest. */
const [patienceMs, movingPatienceMs] = [20_000, 300_000];

export const settings = (): Promise<ConsoleSettings> => call('settings', isSettings);

export const rowDetail = (id: string, show: boolean, signal: AbortSignal): Promise<RowDetail> =>
  call(`rows/${encodeURIComponent(id)}${show ? '?show=1' : ''}`, isRowDetail, { signal });

export const rowPayload = (id: string): Promise<RowPayload> =>
  call(`rows/${encodeURIComponent(id)}/payload`, isRowPayload);

export const send = (request: SendRequest): Promise<SendAnswer> =>
  call('send', isSendAnswer, posted(request));

export const setHeap = (request: HeapRequest): Promise<HeapStatus> =>
  call('heap', isHeapStatus, posted(request));

export const deadLetters = (signal: AbortSignal): Promise<DeadLetters> =>
  call('dead-letters', isDeadLetters, { signal });

export const moveDeadLetters = (
  what: 'redrive' | 'discard',
  request: DeadLetterRequest,
): Promise<DeadLetterAnswer> =>
  call(`dead-letters/${what}`, isDeadLetterAnswer, posted(request), movingPatienceMs);

const posted = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

async function call<T>(
  path: string,
  isAnswer: (value: unknown) => value is T,
  { signal, ...init }: RequestInit = {},
  timeoutMs = patienceMs,
): Promise<T> {
  let answer: unknown;
  let response: Response;
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  try {
    response = await fetch(`/api/${path}`, { ...init, signal: AbortSignal.any(signals) });
    answer = parse(await response.text());
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new Refused(
        `No answer within ${timeoutMs / 1000} s. Is this console open in several windows? A browser allows only six connections to it, and each visible window uses one. Close some windows and try again.`,
        0,
      );
    }
    throw new Refused('The stack does not answer. Is "npm start" still running in its terminal?', 0);
  }
  if (!response.ok) throw new Refused(errorOf(answer, response.status), response.status);
  if (!isAnswer(answer)) {
    throw new Refused(
      'This page does not understand the answer. The stack may be newer: reload the page.',
      0,
    );
  }
  return answer;
}

function errorOf(answer: unknown, status: number): string {
  const error = isJsonObject(answer) ? answer['error'] : undefined;
  return typeof error === 'string' ? error : `The console's server answered ${status}.`;
}

/** Parses a JSON object. Returns undefined for anything else. */
export function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
