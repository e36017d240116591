import * as http from 'node:http';
import * as https from 'node:https';

/** What the endpoint said. */
export interface WebhookAnswer {
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** Why there was none, e.g. `ECONNREFUSED`. */
  readonly fault: string | undefined;
  readonly milliseconds: number;
  /** API Gateway's id of an event that is stored: the one in the function's log. */
  readonly requestId: string | undefined;
  /** What the endpoint told a caller it refused. */
  readonly message: string | undefined;
}

/** Longer than CleverTap waits, to see how slow it is. */
const timeoutMs = 30_000;
/** An answer of the endpoint is a line of JSON. */
const maxAnswerBytes = 65_536;

/**
 * Posts to the webhook as CleverTap does, over connections that are kept. Sends just the headers it is given, as
 * `fetch` would not: it adds a content type where there is none.
 */
export class WebhookClient {
  private readonly agent: http.Agent;
  private readonly request: typeof https.request;

  /** @param url of the webhook, without path of an event */
  constructor(
    private readonly url: string,
    concurrency = 1,
  ) {
    const isTls = url.startsWith('https:');
    this.request = isTls ? https.request : http.request;
    this.agent = new (isTls ? https : http).Agent({ keepAlive: true, maxSockets: concurrency });
  }

  /**
   * Never rejects: no answer is an answer, too.
   *
   * @param event the last part of the path, as it stands in a URL
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
      // A refused body may end the connection before all of it is sent; an answer that came counts nevertheless.
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
