import { SQSClient } from '@aws-sdk/client-sqs';
import { pageSettings } from '../../console/page-settings';
import { startConsole } from '../../console/server/server';
import type {
  ConsoleState,
  DeadLetters,
  EventDetail,
  FeedRow,
  RowDetail,
  RowPayload,
} from '../../console/wire';
import { readEnvironment } from '../../lib/config/environments';
import { messageReader } from '../../local/account/message-reader';
import type { Account } from '../../local/account/reconciliation';
import { describeAccount } from '../../local/account/account-report';
import type { LocalStack } from '../../local/stack';
import type { DeadLetter } from '../../relay/dead-letters/dead-letter';
import { visitDeadLetters } from '../../relay/dead-letters/visit-dead-letters';
import { startStackWithoutWaiting } from './stack-without-waiting';

/** The local stack in this process, where no test waits for a retry, with its console. */
export class StackWithConsole {
  private constructor(
    readonly stack: LocalStack,
    readonly stackFile: string,
    readonly killNext: () => void,
    /** Another program's client of the queues. */
    readonly sqs: SQSClient,
    /** The console's origin. */
    readonly origin: string,
    readonly account: () => Promise<Account>,
    /** Ends the stack as Ctrl-C does. */
    readonly end: () => Promise<void>,
  ) {}

  static async start(
    options: { readonly heapBaseUrl?: string; readonly assemblyDirectory?: string } = {},
  ): Promise<StackWithConsole> {
    const notices: string[] = [];
    const onNotice = (notice: string): void => void notices.push(notice);
    const { stack, stackFile, killNext, end } = await startStackWithoutWaiting({ ...options, onNotice });
    const settings = pageSettings('local', readEnvironment('local'));
    const sqs = new SQSClient({
      endpoint: stack.awsUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    const reader = messageReader(settings);
    const reconciliation = stack.reconciliation(reader);
    const console = await startConsole({ port: 0, stack, reconciliation, reader, settings, onNotice });
    let isEnded = false;
    return new StackWithConsole(
      stack,
      stackFile,
      killNext,
      sqs,
      console.origin,
      () => reconciliation.account(),
      async () => {
        if (isEnded) return;
        isEnded = true;
        sqs.destroy();
        await end();
        await console.end(describeAccount(await reconciliation.account()));
        if (notices.some((notice) => notice.includes('console'))) throw new Error(notices.join('\n'));
      },
    );
  }

  /** Posts a body as CleverTap does. @returns the request id */
  async post(body: string, segment = ''): Promise<string> {
    const { webhookUrl, apiKey } = this.stack;
    const response = await fetch(`${webhookUrl}${segment}`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body,
    });
    return ((await response.json()) as { requestId: string }).requestId;
  }

  /** Sends what another program on this machine would send to the fake Heap. */
  async heap(fault: object): Promise<void> {
    await fetch(`${this.stack.heapUrl}/control`, { method: 'POST', body: JSON.stringify(fault) });
  }

  async received(): Promise<Record<string, unknown>[]> {
    const response = await fetch(`${this.stack.heapUrl}/received`);
    return ((await response.json()) as { events: Record<string, unknown>[] }).events;
  }

  get(path: string): Promise<Response> {
    return fetch(this.origin + path);
  }

  /** Posts as the page does. */
  ask(
    path: string,
    body: unknown,
    headers: Record<string, string> = { origin: this.origin },
  ): Promise<Response> {
    return fetch(this.origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  state = async (): Promise<ConsoleState> => (await (await this.get('/api/state')).json()) as ConsoleState;
  deadLetters = async (): Promise<DeadLetters> =>
    (await (await this.get('/api/dead-letters')).json()) as DeadLetters;
  detail = async (id: string, show = false): Promise<RowDetail> =>
    (await (await this.get(`/api/rows/${id}${show ? '?show=1' : ''}`)).json()) as RowDetail;
  payload = async (id: string): Promise<RowPayload> =>
    (await (await this.get(`/api/rows/${id}/payload`)).json()) as RowPayload;

  /** What is in the dead-letter queue, as another program reads it. */
  async letters(): Promise<DeadLetter[]> {
    const found: DeadLetter[] = [];
    await visitDeadLetters(
      { sqs: this.sqs, url: this.stack.deadLetterQueueUrl },
      (some) => {
        found.push(...some);
        return Promise.resolve([]);
      },
      { waitSeconds: 0 },
    );
    return found;
  }

  /** The row of a request. */
  async row(requestId: string): Promise<FeedRow> {
    const { rows } = await this.state();
    const row = rows.find((one) => one.requestId === requestId);
    if (row === undefined) throw new Error(`no row for the request ${requestId}`);
    return row;
  }

  async events(requestId: string): Promise<readonly EventDetail[]> {
    return (await this.detail((await this.row(requestId)).id, true)).events;
  }
}
