import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { printedHost, refusalOf } from './caller';

/** A server that accepts connections on 127.0.0.1. */
export interface RunningServer {
  /** `http://127.0.0.1:<port>`, no trailing slash. */
  readonly origin: string;
  /** Stops listening and drops open connections, including long polls. */
  close(): Promise<void>;
}

/** A server that already holds its port and gets its request handler later. */
export interface BoundServer extends RunningServer {
  /** Starts to answer requests, including those received before. Call it once. */
  serve(onRequest: RequestListener, options?: ServeOptions): void;
}

export interface ServeOptions {
  /**
   * Whether to accept any Host and Origin. For servers that check credentials themselves.
   *
   * @default false
   */
  readonly anyCaller?: boolean;
  /**
   * Whether to accept only the host name in `origin`, not `localhost`. For pages.
   *
   * @default false
   */
  readonly printedHostOnly?: boolean;
}

/** The path under which a bound server identifies its owner. */
export const ownerPath = '/_local/owner';

/**
 * Binds a port on 127.0.0.1 only: the embedded stack has no real credentials and must not be reachable from other
 * machines. Requests wait until `serve` is called; `close` drops them.
 *
 * @param port 0 picks a free one.
 * @param owner returns the answer to `GET /_local/owner` for programs on this machine, from the start
 * @default - the path has no special meaning
 * @throws Node's `EADDRINUSE` error if the port is taken.
 */
export async function bind(port: number, owner?: () => object): Promise<BoundServer> {
  const server = createServer();
  // Keeps idle connections open: a client that reuses one just as the server drops it would see a reset.
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
      if (request.method === 'GET')
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(owner()));
      else response.writeHead(405, { Allow: 'GET' }).end();
      return;
    }
    void serving.then((onRequest) => {
      onRequest(request, response);
    });
  });
  return {
    origin: `http://${printedHost}:${bound}`,
    serve: (onRequest, { anyCaller = false, printedHostOnly = false } = {}) => {
      const names = printedHostOnly ? [printedHost] : undefined;
      serve(anyCaller ? onRequest : refusingWebPages(bound, names, onRequest));
    },
    close: () => closeNow(server),
  };
}

/**
 * Starts a server on 127.0.0.1 only, see `bind`. Requests that a web page may have sent get a 403, see `refusalOf`.
 *
 * @param port a port (0 picks a free one) or a bound server.
 * @throws Node's `EADDRINUSE` error if the port is taken.
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

/** Answers requests that a web page may have sent with 403. */
function refusingWebPages(
  port: number,
  names: readonly string[] | undefined,
  onRequest: RequestListener,
): RequestListener {
  return (request, response) => {
    const refusal = refusalOf(request, port, names);
    if (refusal === undefined) {
      onRequest(request, response);
      return;
    }
    response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${refusal}\n`);
  };
}

/** The body of a request; `undefined` if it is longer than `limit` bytes. The rest is read and discarded. */
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
