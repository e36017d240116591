import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { parseRetryAfter, type HeapAnswer } from './outcome';

/** Enough for any error message. A hostile or broken server must not fill our memory. */
const maxAnswerBytes = 4096;

export interface HeapClientProps {
  /** Origin of Heap's API, e.g. `https://heapanalytics.com`. */
  readonly baseUrl: string;
  /** `request` of `node:https`, or of `node:http` for a Heap on this machine. */
  readonly request: (
    url: string,
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void,
  ) => ClientRequest;
  /** Keeps connections open between requests and invocations. */
  readonly agent: Agent;
  /** Limit for a whole request, from connecting to the end of the answer, including a repeat. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/**
 * Sends requests to Heap. Never rejects: every failure becomes an answer. Unlike `fetch`, Node's own client follows no
 * redirects, which would carry events and token to another host.
 */
export class HeapClient {
  constructor(private readonly props: HeapClientProps) {}

  /** @param header an additional header, for Heap accounts that require a token */
  async post(path: string, body: Uint8Array, header?: { name: string; value: string }): Promise<HeapAnswer> {
    const signal = AbortSignal.timeout(this.props.timeoutMs);
    const first = await this.exchange(path, body, header, signal);
    // Heap may close an idle connection just as it is reused. Nothing was sent then, so send it once more.
    return first.staleConnection ? (await this.exchange(path, body, header, signal)).answer : first.answer;
  }

  private exchange(
    path: string,
    body: Uint8Array,
    header: { name: string; value: string } | undefined,
    signal: AbortSignal,
  ): Promise<{ answer: HeapAnswer; staleConnection: boolean }> {
    const { baseUrl, agent, now } = this.props;
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let response: IncomingMessage | undefined;

      // A body that breaks off or hangs changes nothing: the status line has arrived and decides alone.
      const finish = (fault: string): void => {
        resolve(
          response === undefined
            ? { answer: { fault }, staleConnection: request.reusedSocket && fault === 'ECONNRESET' }
            : {
                answer: {
                  status: response.statusCode ?? 0,
                  body: Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8'),
                  retryAfterSeconds: parseRetryAfter(response.headers['retry-after'], now()),
                },
                staleConnection: false,
              },
        );
      };

      const request = this.props.request(
        `${baseUrl}${path}`,
        {
          method: 'POST',
          agent,
          signal,
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            ...(header && { [header.name]: header.value }),
          },
        },
        (incoming) => {
          response = incoming;
          incoming.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size > maxAnswerBytes) incoming.destroy();
          });
          incoming.on('error', () => {
            finish('cut off');
          });
        },
      );
      request.on('error', (error: NodeJS.ErrnoException) => {
        finish(signal.aborted ? 'timeout' : (error.code ?? error.name));
      });
      // Every exchange ends here, even one with neither an answer nor an error, such as an upgrade.
      request.on('close', () => {
        finish('closed');
      });
      request.end(body);
    });
  }
}
