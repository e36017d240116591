import * as http from 'node:http';
import * as https from 'node:https';

/** The endpoint's response. */
export interface WebhookAnswer {
  /** Undefined without a response. */
  readonly status: number | undefined;
  /** Why there was no response, e.g. `ECONNREFUSED`. */
  readonly fault: string | undefined;
  readonly milliseconds: number;
  /** API Gateway's id of a stored request, which is also in the function's log. */
  readonly requestId: string | undefined;
  /** The endpoint's message to a refused caller. */
  readonly message: string | undefined;
}

/** Longer than CleverTap waits, to measure slow responses. */
const timeoutMs = 30_000;
/** Plenty for a response, which is one line of JSON. */
const maxAnswerBytes = 65_536;

/**
 * Posts to the webhook as CleverTap does, over keep-alive connections. Sends only the given headers; `fetch` would add a
 * missing content type.
 */
export class WebhookClient {
  private readonly agent: http.Agent;
  private readonly request: typeof https.request;

  /** @param url the webhook's URL, without the event's path segment */
  constructor(
    private readonly url: string,
    concurrency = 1,
  ) {
    const isTls = url.startsWith('https:');
    this.request = isTls ? https.request : http.request;
    this.agent = new (isTls ? https : http).Agent({ keepAlive: true, maxSockets: concurrency });
  }

  /**
   * Never rejects: a missing response is a result, too.
   *
   * @param event the last part of the path, as written in a URL
   */
  async post(
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    event?: string,
  ): Promise<WebhookAnswer> {
    const startedAt = performance.now();
    const url = event === undefined ? this.url : `${this.url}/${event}`;
    const bytes = Buffer.from(body);
    const answer = await new Promise<{ status?: number; text?: string; fault?: string }>((resolve) => {
      const request = this.request(
        url,
        {
          method: 'POST',
          agent: this.agent,
          headers: { ...headers, 'content-length': bytes.length },
          signal: AbortSignal.timeout(timeoutMs),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            if (text.length < maxAnswerBytes) text += chunk;
          });
          response.on('end', () => {
            resolve({ status: response.statusCode, text });
          });
          response.on('error', (error) => {
            resolve({ fault: error.name });
          });
        },
      );
      // A refusal may close the connection before the whole body is sent. A response that arrived still counts.
      request.on('error', (error: NodeJS.ErrnoException) => {
        resolve({ fault: error.code ?? error.name });
      });
      request.end(bytes);
    });
    return {
      status: answer.status,
      fault: answer.fault,
      milliseconds: performance.now() - startedAt,
      requestId: memberOf(answer.text, 'requestId'),
      message: memberOf(answer.text, 'message'),
    };
  }

  close(): void {
    this.agent.destroy();
  }
}

function memberOf(text: string | undefined, name: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text ?? '');
    const value: unknown =
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
