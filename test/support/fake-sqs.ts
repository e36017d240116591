import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SqsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly parameters: ReadonlyMap<string, string>;
  /** The number of parameters received, including repeated ones. */
  readonly count: number;
}

/** An SQS that answers with `reply` and records its requests. */
export class FakeSqs {
  readonly requests: SqsRequest[] = [];
  reply: { status: number; body: string } | 'hang' | 'reset' = stored;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const parameters = [...new URLSearchParams(Buffer.concat(chunks).toString('latin1'))];
        this.requests.push({
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          parameters: new Map(parameters),
          count: parameters.length,
        });
        if (this.reply === 'hang') return;
        if (this.reply === 'reset') return void request.socket.destroy();
        const { status } = this.reply;
        const body = status < 200 || status === 204 || status === 304 ? '' : this.reply.body;
        // Written by hand because Node refuses to send a response with a status below 200.
        const head = `HTTP/1.1 ${status} X\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
        request.socket.end(`${head}\r\n\r\n${body}`);
        response.destroy();
      });
    });
  }

  static async start(): Promise<FakeSqs> {
    const sqs = new FakeSqs();
    await new Promise<void>((resolve) => sqs.server.listen(0, '127.0.0.1', resolve));
    return sqs;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get last(): SqsRequest {
    return this.requests.at(-1)!;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** SQS's response to a message it has stored. */
export const stored = {
  status: 200,
  body: '{"SendMessageResponse":{"SendMessageResult":{"MessageId":"m"}}}',
};
/** SQS's response to a message it refuses. */
export const refused = (code: string) => ({
  status: 400,
  body: JSON.stringify({ Error: { Code: code, Message: '…', Type: 'Sender' }, RequestId: 'r' }),
});
