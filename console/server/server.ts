import type { IncomingMessage, ServerResponse } from 'node:http';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { MessageReader, Reconciliation } from '../../local/account/reconciliation';
import type { StoredMessage } from '../../local/aws/sqs/queue';
import { Faults } from '../../local/faults';
import { listen, type BoundServer } from '../../local/http-server';
import type { LocalStack } from '../../local/stack';
import { WebhookClient } from '../../relay/environment/webhook-client';
import { explain } from '../../relay/terminal/operator-error';
import { buildConsolePage } from '../page-bundle';
import type {
  ConsoleError,
  ConsoleSettings,
  ConsoleState,
  HeapRequest,
  HeapStatus,
  PageSettings,
  RowDetail,
  RowPayload,
  SendAnswer,
  SendRequest,
} from '../wire';
import { Attempts } from './attempts';
import { DeadLetterDesk } from './dead-letters';
import { FeedStream, type StateHead } from './feed-stream';
import { Journal, type Row } from './journal';
import { deadLetterRequest, heapRequest, readRequest, Refusal, sendRequest } from './requests';
import { payloadOf, RowDetails } from './row-detail';

export interface ConsoleOptions {
  /** 0 picks a free port. */
  readonly port: number | BoundServer;
  readonly stack: LocalStack;
  /** The account that Ctrl-C prints. */
  readonly reconciliation: Reconciliation<StoredMessage>;
  readonly reader: MessageReader;
  readonly settings: PageSettings;
  /** Called with what the user should know. */
  readonly onNotice: (notice: string) => void;
  /** The seed of the faults; absent if there are none. */
  readonly chaosSeed?: string;
  /** Builds the page. @default - bundles it at the first request */
  readonly buildPage?: () => Promise<Page>;
}

export interface Page {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

export interface RunningConsole {
  /** No trailing slash. */
  readonly origin: string;
  /** Sends the final account to the pages and stops. */
  readonly end: (account: string) => Promise<void>;
}

/** Changes within this time are sent together. */
const togetherMs = 200;
/** How long to wait for a page that does not read before the server stops. */
const farewellMs = 500;

/**
 * Serves the console of a running stack on 127.0.0.1.
 *
 * @throws the `EADDRINUSE` error of Node when the port is taken
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const console = new ConsoleServer(options);
  const server = await listen(
    options.port,
    (request, response) => {
      void console.answer(request, response);
    },
    { printedHostOnly: true },
  );
  return {
    origin: server.origin,
    end: async (account) => {
      await console.end(account);
      await server.close();
    },
  };
}

/** Keeps other origins, frames and caches away from personal data. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

type Answer = { readonly json: unknown } | { readonly type: string; readonly body: string } | 'streams';

class ConsoleServer {
  readonly #attempts = new Attempts();
  readonly #journal: Journal;
  readonly #details: RowDetails;
  readonly #letters: DeadLetterDesk;
  readonly #sqs: SQSClient;
  readonly #webhook: WebhookClient;
  readonly #stream = new FeedStream();
  readonly #unwatch: () => void;
  #page: Promise<Page> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped: string | null = null;

  constructor(private readonly options: ConsoleOptions) {
    const { stack, reconciliation, reader, settings } = options;
    this.#journal = new Journal(stack, reconciliation, this.#attempts);
    this.#details = new RowDetails(
      { ...settings, appId: stack.appId },
      reader,
      stack.fakeHeap,
      reconciliation,
      this.#attempts,
      this.#journal,
    );
    this.#sqs = new SQSClient({
      endpoint: stack.awsUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    this.#letters = new DeadLetterDesk(
      { sqs: this.#sqs, url: stack.deadLetterQueueUrl },
      { sqs: this.#sqs, url: stack.queueUrl },
    );
    this.#webhook = new WebhookClient(stack.webhookUrl, 4);
    this.#unwatch = stack.watch((activity) => {
      this.#attempts.take(activity);
      this.#tellSoon();
    });
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    try {
      const answer = await this.#route(request, response);
      if (answer === 'streams') return;
      const [type, body] =
        'json' in answer ? ['application/json', JSON.stringify(answer.json)] : [answer.type, answer.body];
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(body);
    } catch (error) {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const [status, message] = describe(error);
      const body: ConsoleError = { error: message };
      response
        .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(body));
    }
  }

  async end(account: string): Promise<void> {
    this.#unwatch();
    clearTimeout(this.#timer);
    this.#stopped = account;
    await this.#refresh(() => undefined);
    await this.#stream.end(farewellMs);
    this.#webhook.close();
    this.#sqs.destroy();
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const [path = '', query] = (request.url ?? '').split('?');
    // Node omits the body of a response to HEAD.
    const method = request.method === 'HEAD' && path !== '/api/feed' ? 'GET' : request.method;
    const route = `${method ?? ''} ${path}`;
    if (request.method === 'POST') checkOrigin(request);
    switch (route) {
      case 'GET /':
        return { type: 'text/html', body: (await this.#bundled()).html };
      case 'GET /console.js':
        return { type: 'text/javascript', body: (await this.#bundled()).script };
      case 'GET /console.css':
        return { type: 'text/css', body: (await this.#bundled()).style };
      case 'GET /api/settings':
        return { json: this.#settings };
      case 'GET /api/state':
        return { json: await this.#refresh(() => this.#state) };
      case 'GET /api/feed':
        await this.#refresh(() => {
          this.#stream.add(response, this.#state);
        });
        return 'streams';
      case 'POST /api/send':
        return { json: await this.#send(await readRequest(request, sendRequest)) };
      case 'POST /api/heap':
        return { json: this.#setHeap(await readRequest(request, heapRequest)) };
      case 'GET /api/dead-letters':
        return { json: await this.#letters.list() };
      case 'POST /api/dead-letters/redrive':
        return { json: await this.#letters.redrive(await readRequest(request, deadLetterRequest)) };
      case 'POST /api/dead-letters/discard':
        return { json: await this.#letters.discard(await readRequest(request, deadLetterRequest)) };
      default:
        return {
          json: await this.#row(method, path, new URLSearchParams(query).get('show') === '1'),
        };
    }
  }

  #row(method: string | undefined, path: string, show: boolean): Promise<RowDetail | RowPayload> {
    const [, id, part] = /^\/api\/rows\/([^/]+)(\/payload)?$/.exec(path) ?? [];
    if (id === undefined) throw new Refusal(404, `There is nothing at this address; the console is at /.`);
    if (method !== 'GET') throw new Refusal(405, 'A row can only be read.');
    return this.#refresh(() => {
      const found = this.#journal.find(id);
      if (found === undefined) throw new Refusal(404, whyUnknown(this.#journal.olderRows));
      return part === undefined ? this.#detail(found, show) : payloadOf(found);
    });
  }

  #detail(row: Row, show: boolean): RowDetail {
    const shown = this.#journal.rows.find(({ id }) => id === row.id);
    if (shown === undefined) throw new Error(`the row ${row.id} was never shown`);
    return this.#details.of(row, shown, show);
  }

  get #settings(): ConsoleSettings {
    const { stack, settings, chaosSeed } = this.options;
    const { webhookUrl, apiKey, appId, heapUrl } = stack;
    return {
      ...settings,
      webhookUrl,
      apiKey,
      appId,
      heapUrl,
      isRealHeap: stack.fakeHeap === undefined,
      chaosSeed: chaosSeed ?? null,
    };
  }

  #bundled(): Promise<Page> {
    this.#page ??= (this.options.buildPage ?? buildConsolePage)();
    // The caller sees the failure. The next request tries again.
    this.#page.catch(() => {
      this.#page = undefined;
    });
    return this.#page;
  }

  async #send({ payload, pathEvent }: SendRequest): Promise<SendAnswer> {
    const { apiKey } = this.options.stack;
    const segment =
      pathEvent === undefined || pathEvent === '' ? undefined : encodeURIComponent(pathEvent.toWellFormed());
    const answer = await this.#webhook.post(
      payload,
      { 'content-type': 'application/json', 'x-api-key': apiKey },
      segment,
    );
    if (answer.status === undefined) {
      throw new Refusal(
        502,
        `The webhook does not answer (${answer.fault ?? 'no answer'}). Is the stack stopping?`,
      );
    }
    return {
      status: answer.status,
      requestId: answer.requestId ?? null,
      milliseconds: Math.round(answer.milliseconds),
      message: answer.message ?? null,
    };
  }

  #setHeap(asked: HeapRequest): HeapStatus {
    const { fakeHeap } = this.options.stack;
    if (fakeHeap === undefined) {
      throw new Refusal(
        409,
        'This stack delivers to a real Heap. Start it without --heap to play its faults.',
      );
    }
    if ('storm' in asked) {
      fakeHeap.play(new Faults({ seed: asked.storm }).nextHeapFault);
    } else {
      const problem = fakeHeap.control(asked);
      if (problem !== undefined) throw new Refusal(400, problem);
    }
    return this.#heap;
  }

  get #heap(): HeapStatus {
    const { fakeHeap } = this.options.stack;
    const { fault } = fakeHeap ?? {};
    return {
      mode: fakeHeap === undefined ? null : (fault?.mode ?? 'ok'),
      times: fault === undefined || fault.times === Infinity ? null : fault.times,
      storm: fakeHeap?.isStorm ?? false,
      ...this.#attempts.heap,
    };
  }

  /** As of the last update. */
  get #head(): StateHead {
    const { accepted, delivered, rejected, ignored, queued, missing } = this.options.reconciliation.counts;
    return {
      equation: { accepted, delivered, rejected, ignored, queued, missing },
      heap: this.#heap,
      deadLetters: this.options.stack.deadLetters(),
      olderRows: this.#journal.olderRows,
      stopped: this.#stopped,
    };
  }

  get #state(): ConsoleState {
    return { ...this.#head, rows: this.#journal.rows };
  }

  #tellSoon(): void {
    if (this.#stream.isEmpty) return;
    this.#timer ??= setTimeout(() => {
      this.#refresh(() => {
        this.#timer = undefined;
      }).catch((error: unknown) => {
        this.options.onNotice(`The console cannot go on: ${describe(error)[1]}`);
      });
    }, togetherMs);
  }

  /** Sends changes to the listeners, then reads from the same state. */
  #refresh<T>(read: () => T): Promise<T> {
    return this.options.reconciliation.current(() => {
      this.#stream.tell(this.#head, this.#journal.changes());
      return read();
    });
  }
}

/** The server has already refused other origins. Only programs send no Origin. */
function checkOrigin({ headers: { origin } }: IncomingMessage): void {
  if (origin !== undefined) return;
  throw new Refusal(
    403,
    'Only the page of the console may ask for this. From a program use the webhook, or npm run relay.',
  );
}

const whyUnknown = (olderRows: number): string =>
  olderRows === 0
    ? 'There is no such row in this stack; reload the page.'
    : 'There is no such row, or not any more: this stack keeps the newest 1000.';

function describe(error: unknown): [status: number, message: string] {
  if (error instanceof Refusal) return [error.status, error.message];
  const known = explain(error);
  if (known !== undefined) return [409, known];
  return [
    500,
    `A mistake in this app: ${error instanceof Error ? error.name : 'unknown error'}. Reload the page, and report it.`,
  ];
}
