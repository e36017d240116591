import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { fixture } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { runRelay } from '../support/relay-process';
import { StackWithConsole } from '../support/stack-with-console';
import { testInBrowser as inBrowser, useBrowser } from './support/browser';
import { equationOf } from './support/console-stack';

const browser = useBrowser();
let stack: StackWithConsole;

beforeAll(async () => {
  stack = await StackWithConsole.start();
});

afterAll(async () => {
  await stack.end();
});

const purchase = (identity: string): string => JSON.stringify({ identity, event: 'Purchase', n: identity });

/** The number of events in each dead letter, by `<request id> <reason>`. */
const letters = async (): Promise<Map<string, number>> =>
  new Map(
    (await stack.letters()).map(({ reason, events, requestId = '' }) => [`${requestId} ${reason}`, events]),
  );

/** The words of each row in the DOM, by row id. */
const rowsInDom = async (page: Page): Promise<Map<string, string>> =>
  new Map(
    await page.getByTestId('feed-row').evaluateAll((rows) =>
      rows.map((row): [string, string] => {
        const button = row.querySelector('button');
        return [button?.id.replace(/^row /, '') ?? '', button?.querySelector('.state')?.textContent ?? ''];
      }),
    ),
  );

/**
 * The words that a row should show, from Heap and the dead letters only. The API only provides the key of each event.
 *
 * @param accounted collects the keys and dead letters that the rows show
 */
async function wordsOf(
  id: string,
  inHeap: ReadonlyMap<unknown, Record<string, unknown>>,
  dead: ReadonlyMap<string, number>,
  accounted: { readonly keys: Set<unknown>; readonly letters: Map<string, number> },
): Promise<RegExp> {
  const { row, events } = await stack.detail(id, true);
  const counts = { rejected: 0, waiting: 0, delivered: 0, ignored: 0 };
  let single = '';
  for (const { heapEvent } of events) {
    const key = heapEvent?.['idempotency_key'];
    const letter = [...dead.keys()].find((one) => one.startsWith(`${String(row.requestId)} `));
    if (key !== undefined && inHeap.has(key)) {
      counts.delivered += 1;
      single = accounted.keys.has(key) ? 'counted once: Heap had it already' : 'delivered in [\\d.]+ \\w+';
      accounted.keys.add(key);
    } else if (heapEvent === null && letter === undefined) {
      counts.ignored += 1;
      single = 'ignored';
    } else if (letter !== undefined && heapEvent === null) {
      counts.rejected += 1;
      accounted.letters.set(letter, (accounted.letters.get(letter) ?? 0) + 1);
      single = `rejected: ${letter.split(' ')[1] ?? ''}`;
    } else {
      counts.waiting += 1;
      single = 'waiting.*';
    }
  }
  const places = Object.entries(counts).filter(([, events]) => events > 0);
  if (events.length === 1) return new RegExp(`^. ${single}$`);
  if (places.length > 1)
    return new RegExp(`^. ${places.map(([place, number]) => `${number} ${place}`).join(', ')}$`);
  return new RegExp(`^. (?:both|all \\d+) ${places[0]?.[0] ?? ''}`);
}

/**
 * Waits until the page agrees with Heap by key, with the dead letters by id, and with the account.
 *
 * @param expected terms of the equation
 */
async function expectTruth(page: Page, expected: Record<string, number>): Promise<void> {
  await eventually(async () => {
    const equation = await equationOf(page);
    expect(equation).toMatchObject(expected);
    const { accepted, delivered, rejected, ignored, queued, missing } = await stack.account();
    expect(equation).toEqual({
      Accepted: accepted,
      Delivered: delivered,
      Rejected: rejected,
      Ignored: ignored,
      Queued: queued,
      ...(missing > 0 && { Missing: missing }),
    });
    const drawn = await rowsInDom(page);
    const inHeap = new Map((await stack.received()).map((event) => [event['idempotency_key'], event]));
    const dead = await letters();
    const accounted = { keys: new Set<unknown>(), letters: new Map<string, number>() };
    // Oldest first: of equal events, Heap has the first.
    for (const [id, words] of [...drawn].reverse())
      expect(`${id} ${words}`).toMatch(
        new RegExp(`^${id} ${(await wordsOf(id, inHeap, dead, accounted)).source.slice(1)}`),
      );
    // The rows account for every event in Heap and every dead letter.
    expect(accounted.keys).toEqual(new Set(inHeap.keys()));
    expect(accounted.letters).toEqual(dead);
  }, 20_000);
}

inBrowser(
  'every row shows the true state, whatever happens to Heap and the function',
  async () => {
    const page = await browser.open();
    await page.goto(stack.origin);
    await page.getByText('No event yet').waitFor();

    const { webhookUrl, apiKey } = stack.stack;
    const curl = ['-s', webhookUrl, '-H', `x-api-key: ${apiKey}`, '-d', purchase('curl@shop.test')];
    await promisify(execFile)('curl', curl, { env: process.env });
    const sent = await runRelay(['send', '--sample', 'broadcast'], { stackFile: stack.stackFile });
    expect(sent.code).toBe(0);
    await stack.post(fixture('setup-ping'));
    await stack.post('no JSON');
    const first = await stack.post(purchase('twice@shop.test'));
    await eventually(async () => {
      expect((await stack.row(first)).state.kind).toBe('delivered');
    });
    await stack.post(purchase('twice@shop.test'));
    await expectTruth(page, {
      Accepted: 8,
      Delivered: 5,
      Rejected: 2,
      Ignored: 1,
      Queued: 0,
    });

    await stack.heap({ mode: 'store-then-hang', times: 1, latencyMs: 20 });
    await stack.post(purchase('hung@shop.test'));
    await expectTruth(page, { Delivered: 6, Queued: 0 });

    await stack.heap({ mode: 'store-then-hang', times: 1, latencyMs: 2000 });
    stack.killNext();
    await stack.post(purchase('killed@shop.test'));
    await expectTruth(page, { Delivered: 7, Queued: 0 });

    // While something is queued: Heap hangs without storing.
    await stack.heap({ mode: 'timeout' });
    const waits = await stack.post(purchase('waits@shop.test'));
    await eventually(async () => {
      expect((await stack.row(waits)).state).toMatchObject({ kind: 'queued' });
    });
    await expectTruth(page, { Delivered: 7, Queued: 1 });
    await stack.heap({ mode: 'ok' });
    await expectTruth(page, { Delivered: 8, Queued: 0 });

    const redriven = await runRelay(['dlq', 'redrive'], { stackFile: stack.stackFile });
    expect(redriven.code).toBe(0);
    await expectTruth(page, { Delivered: 8, Rejected: 2, Queued: 0 });
  },
  120_000,
);
