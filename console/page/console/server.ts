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

/** Why the console's server did not do what it was asked for: a sentence for a person. */
export class Refused extends Error {
  constructor(
    message: string,
    /** 0 where there was no answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** Page and server come from one version: what has one field of an answer is that answer. */
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

/** How long an answer may take; moving many dead letters takes longer than the rest. */
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
        `No answer within ${timeoutMs / 1000} s. Is this console open in several windows? A browser makes only six connections to it, and each visible window keeps one: close some, and try again.`,
        0,
      );
    }
    throw new Refused('The stack does not answer. Is "npm start" still running in its terminal?', 0);
  }
  if (!response.ok) throw new Refused(errorOf(answer, response.status), response.status);
  if (!isAnswer(answer)) {
    throw new Refused(
      'The answer is not the one this page knows. Reload the page: the stack may be newer.',
      0,
    );
  }
  return answer;
}

function errorOf(answer: unknown, status: number): string {
  const error = isJsonObject(answer) ? answer['error'] : undefined;
  return typeof error === 'string' ? error : `The console's server answered ${status}.`;
}

/** A JSON object; undefined for anything else. */
export function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
