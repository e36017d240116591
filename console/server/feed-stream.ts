import type { ServerResponse } from 'node:http';
import { maxRows, newestFirst } from './journal';
import type { ConsoleChange, ConsoleState, FeedRow } from '../wire';

/** A state without its rows. */
export type StateHead = Omit<ConsoleState, 'rows'>;

/** How often to send a comment, so that proxies and browsers keep a silent connection open. */
const heartbeatMs = 15_000;

/** The pages that listen to the feed. */
export class FeedStream {
  readonly #clients = new Map<ServerResponse, Client>();
  readonly #heartbeat = setInterval(() => {
    for (const client of this.#clients.values()) client.beat();
  }, heartbeatMs).unref();

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  /** Answers a request with the state, then with every change. */
  add(response: ServerResponse, state: ConsoleState): void {
    // The page left while its state was being read.
    if (response.destroyed) return;
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const client = new Client(response, state);
    this.#clients.set(response, client);
    response.on('close', () => this.#clients.delete(response));
  }

  tell(head: StateHead, rows: readonly FeedRow[]): void {
    for (const client of this.#clients.values()) client.tell(head, rows);
  }

  /** Ends all responses once their data is sent. */
  async end(patienceMs: number): Promise<void> {
    clearInterval(this.#heartbeat);
    await Promise.all([...this.#clients.values()].map((client) => client.end(patienceMs)));
  }
}

/**
 * A listening page. While it does not read, only the newest unsent rows are kept, each once. So a slow page costs no more
 * memory than the rows of one feed.
 */
class Client {
  #unsaid = new Map<string, FeedRow>();
  #head: StateHead;
  #said: string;

  constructor(
    private readonly response: ServerResponse,
    { rows, ...head }: ConsoleState,
  ) {
    this.#head = head;
    this.#said = JSON.stringify(head);
    this.#write('state', { ...head, rows });
    response.on('drain', () => {
      this.#flush();
    });
  }

  tell(head: StateHead, rows: readonly FeedRow[]): void {
    this.#head = head;
    for (const row of rows) this.#unsaid.set(row.id, row);
    if (this.#unsaid.size > maxRows) this.#unsaid = new Map(this.#newest.map((row) => [row.id, row]));
    this.#flush();
  }

  get #newest(): FeedRow[] {
    return [...this.#unsaid.values()].sort(newestFirst).slice(0, maxRows);
  }

  beat(): void {
    if (!this.response.writableNeedDrain) this.response.write(':\n\n');
  }

  /** Also sends the final state to a page that does not read: it may resume. */
  async end(patienceMs: number): Promise<void> {
    this.#say();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.response.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #flush(): void {
    if (!this.response.writableNeedDrain) this.#say();
  }

  #say(): void {
    if (this.response.writableEnded) return;
    const head = JSON.stringify(this.#head);
    if (this.#unsaid.size === 0 && head === this.#said) return;
    this.#said = head;
    const change: ConsoleChange = { ...this.#head, rows: this.#newest };
    this.#unsaid.clear();
    this.#write('change', change);
  }

  #write(event: string, data: ConsoleChange | ConsoleState): void {
    this.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
