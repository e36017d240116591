import { eventually } from '../support/eventually';
import { testInBrowser as inBrowser, useBrowser } from './support/browser';
import { equationOf, shows, startConsoleStack, type ConsoleStack } from './support/console-stack';

const browser = useBrowser();
let stack: ConsoleStack;

beforeEach(async () => {
  stack = await startConsoleStack();
});

/** The browser logs these errors when the server closes a connection. */
const lostConnection =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_FAILED/;

const purchase = (order: string): string =>
  JSON.stringify({ identity: 'sample-ana@shop.test', event: 'Purchase', properties: { order } });

inBrowser(
  'Heap fails and recovers, and the row shows the true state at each step; then the stack stops',
  async () => {
    const page = await browser.open({ expected: lostConnection });
    await page.goto(stack.consoleUrl);
    await page.getByTestId('heap-mode').selectOption('500');
    await eventually(async () => {
      expect(await page.getByTestId('heap-mode').inputValue()).toBe('500');
    });
    await stack.post(purchase('1'));
    const row = page.getByTestId('feed-row').first();
    await row.getByText(/^… ?waiting, 1st attempt, next in \d+ s$/).waitFor();
    expect(await stack.received()).toEqual([]);
    expect(await equationOf(page)).toMatchObject({ Accepted: 1, Delivered: 0, Queued: 1 });
    await page.getByText('Heap answered 500').first().waitFor();
    await row.click();
    await shows(page, 'detail', 'Heap answered 500');

    await page.getByTestId('heap-mode').selectOption('ok');
    // Still waiting: Heap would accept it, but the retry has not happened yet.
    expect(await row.innerText()).toContain('waiting, 1st attempt');
    await row.getByText('delivered in').waitFor({ timeout: 50_000 });
    expect(await stack.received()).toHaveLength(1);
    expect(await equationOf(page)).toMatchObject({ Accepted: 1, Delivered: 1, Queued: 0 });
    await shows(page, 'detail', 'attempt 2');

    await stack.end('SIGTERM');
    await page.getByText('The stack has stopped').waitFor();
    await page.getByText('every accepted event is accounted for').waitFor();
  },
  120_000,
);

inBrowser(
  '5,000 events: at most 1,000 rows, and memory stays flat',
  async () => {
    const page = await browser.open({ expected: lostConnection });
    await page.goto(stack.consoleUrl);
    await page.getByText('No event yet').waitFor();
    const debug = await page.context().newCDPSession(page);
    const usedHeap = async (): Promise<number> => {
      await debug.send('HeapProfiler.collectGarbage');
      return (await debug.send('Runtime.getHeapUsage')).usedSize;
    };
    await page.evaluate(() => {
      const frames: number[] = [];
      Object.assign(window, { frames });
      let last = performance.now();
      const frame = (now: number): void => {
        frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    const burst = async (from: number, to: number): Promise<void> => {
      for (let first = from; first < to; first += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => stack.post(purchase(String(first + index)))),
        );
      await eventually(async () => {
        expect(await equationOf(page)).toMatchObject({ Accepted: to, Delivered: to, Queued: 0 });
      }, 60_000);
      expect(await page.getByTestId('feed-row').count()).toBe(1000);
    };
    await burst(0, 1500);
    const early = await usedHeap();
    await burst(1500, 5000);
    const late = await usedHeap();
    await page.getByText('4,000 older requests').waitFor();
    const frames = await page.evaluate(() =>
      (window as unknown as { frames: number[] }).frames.sort((one, other) => one - other),
    );
    const quantile = (part: number): number =>
      Math.round(frames[Math.floor((frames.length - 1) * part)] ?? 0);
    console.log(
      `JS heap ${Math.round(early / 1e5) / 10} MB, then ${Math.round(late / 1e5) / 10} MB; ` +
        `frames: median ${quantile(0.5)}, 95 % ${quantile(0.95)}, longest ${quantile(1)} ms`,
    );
    expect(late).toBeLessThan(early * 1.3 + 2_000_000);
    await stack.end('SIGKILL');
    await page.getByText('No connection to the stack').waitFor();
  },
  180_000,
);

inBrowser('the page reconnects after a lost connection', async () => {
  const page = await browser.open({ expected: lostConnection });
  await page.route('**/api/feed', (route) => route.abort());
  await page.goto(stack.consoleUrl);
  await page.getByText('No connection to the stack').waitFor();
  await page.unroute('**/api/feed');
  await page.getByText('No event yet').waitFor();
  await page.getByText('No connection to the stack').waitFor({ state: 'detached' });
  await stack.end('SIGTERM');
});
