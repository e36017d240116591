import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { refusalOf } from './caller';

/** A server on 127.0.0.1 that is accepting connections. */
export interface RunningServer {
  /** `http://127.0.0.1:<port>`, no trailing slash. */
  readonly origin: string;
  /** Stops listening and drops open connections, long polls included. */
  close(): Promise<void>;
}

/** A server whose port is taken, and which is told later what to answer. */
export interface BoundServer extends RunningServer {
  /** Has it answer, the requests included that came before. To be called once. */
  serve(onRequest: RequestListener, options?: ServeOptions): void;
}

export interface ServeOptions {
  /**
   * Whether any Host and Origin is answered, which is for a server that checks credentials itself.
   *
   * @default false
   */
  readonly anyCaller?: boolean;
}

/** Where a bound server says whose it is. */
export const ownerPath = '/_local/owner';

/**
 * Takes a port on 127.0.0.1 only: the embedded stack has no credentials worth the name and must not be reachable from
 * another machine. Requests wait until `serve` is called; `close` drops them.
 *
 * @param port 0 picks a free one.
 * @param owner what `GET /_local/owner` answers to programs on this machine, from the start
 * @default - the path is one like the others
 * @throws the `EADDRINUSE` error of Node when the port is taken.
 */
export async function bind(port: number, owner?: () => object): Promise<BoundServer> {
  const server = createServer();
  // Idle keep-alive connections stay open: a client that reuses one in the moment the server drops it sees a reset.
  server.keepAliveTimeout = 0;
  let serve: (onRequest: RequestListener) => void = () => undefined;
  const serving = new Promise<RequestListener>((resolve) => {
    serve = resolve;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = portOf(server);
  server.on('request', (request, response) => {
    if (owner !== undefined && request.url === ownerPath && refusalOf(request, bound) === undefined) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(owner()));
      return;
    }
    void serving.then((onRequest) => {
      onRequest(request, response);
    });
  });
  return {
    origin: `http://127.0.0.1:${bound}`,
    serve: (onRequest, { anyCaller = false } = {}) => {
      serve(anyCaller ? onRequest : toProgramsAlone(bound, onRequest));
    },
    close: () => closeNow(server),
  };
}

/**
 * Starts a server on 127.0.0.1 only, see `bind`. What a web page may have sent is answered with 403, see `refusalOf`.
 *
 * @param port 0 picks a free one; or a server that is bound already.
 * @throws the `EADDRINUSE` error of Node when the port is taken.
 */
export async function listen(
  port: number | BoundServer,
  onRequest: RequestListener,
  options?: ServeOptions,
): Promise<RunningServer> {
  const server = typeof port === 'number' ? await bind(port) : port;
  server.serve(onRequest, options);
  return server;
}

/** Answers what a web page may have sent with 403. */
function toProgramsAlone(port: number, onRequest: RequestListener): RequestListener {
  return (request, response) => {
    const refusal = refusalOf(request, port);
    if (refusal === undefined) {
      onRequest(request, response);
      return;
    }
    response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${refusal}\n`);
  };
}

/** The whole body of a request; `undefined` once it is longer than `limit` bytes (the rest is read and dropped). */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size <= limit) chunks.push(bytes);
  }
  return size > limit ? undefined : Buffer.concat(chunks);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
