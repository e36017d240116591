import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { StackWithConsole } from '../support/stack-with-console';
import { testInBrowser as inBrowser, useBrowser } from './support/browser';
import { shows, startConsoleStack, type ConsoleStack } from './support/console-stack';

const browser = useBrowser();
let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(async () => {
  await stack.end('SIGTERM');
});

const purchase = (order: string): string =>
  JSON.stringify({ identity: 'sample-ana@shop.test', event: 'Purchase', properties: { order } });

const firstRow = (page: Page) => page.getByTestId('feed-row').first();

async function open(): Promise<Page> {
  const page = await browser.open();
  await page.goto(stack.consoleUrl);
  await page.getByTestId('equation').waitFor();
  return page;
}

/** Simulates switching tabs: in headless Chromium every tab is visible. */
const setHidden = (page: Page, isHidden: boolean): Promise<void> =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);

inBrowser(
  'with ten tabs open, the visible one works, and another catches up when it becomes visible',
  async () => {
    const first = await open();
    await first.getByText('No event yet').waitFor();
    await setHidden(first, true);
    for (let tab = 2; tab < 10; tab += 1) {
      const page = await first.context().newPage();
      await page.goto(stack.consoleUrl);
      await page.getByTestId('equation').waitFor();
      await setHidden(page, true);
    }
    const seen = await first.context().newPage();
    await seen.goto(stack.consoleUrl);
    await seen.getByRole('button', { name: 'Send a purchase' }).click();
    await firstRow(seen).getByText('delivered in').waitFor();

    expect(await first.getByTestId('feed-row').count()).toBe(0);
    await setHidden(first, false);
    await firstRow(first).getByText('delivered in').waitFor();
    expect(await first.getByText('No connection').count()).toBe(0);
  },
);

inBrowser('holding a key, or Enter on a button, sends only once', async () => {
  const page = await open();
  await stack.post(purchase('held'));
  await firstRow(page).getByText('delivered in').waitFor();
  await firstRow(page).click();
  await shows(page, 'detail', 'Send again');
  const posts: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request.url());
  });
  const hold = async (key: string): Promise<void> => {
    // A held key sends another "down" without an "up".
    for (let times = 0; times < 10; times += 1) {
      await page.keyboard.down(key);
      await page.waitForTimeout(60);
    }
    await page.keyboard.up(key);
  };
  await hold('r');
  expect(posts).toHaveLength(1);
  await page.getByRole('button', { name: 'Send again', exact: true }).focus();
  await hold('Enter');
  expect(posts).toHaveLength(2);
});

inBrowser('arrows on a button and in the tab panel do not move the selection', async () => {
  const page = await open();
  await stack.post(purchase('arrows 1'));
  await stack.post(purchase('arrows 2'));
  await page.keyboard.press('ArrowDown');
  const { hash } = new URL(page.url());
  expect(hash).toMatch(/^#row=/);
  await page.getByRole('tabpanel').focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: 'Copy as curl' }).focus();
  await page.keyboard.press('ArrowDown');
  expect(new URL(page.url()).hash).toBe(hash);
  await page.locator('.row.selected').focus();
  await page.keyboard.press('ArrowDown');
  expect(new URL(page.url()).hash).not.toBe(hash);
});

inBrowser('dead letters that another reader has are counted, and listed once they are released', async () => {
  const page = await open();
  await stack.post('{"event": ');
  await firstRow(page).getByText('rejected: invalid_json').waitFor();
  const sqs = new SQSClient({
    endpoint: stack.awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const request = { QueueUrl: stack.deadLetterQueueUrl, VisibilityTimeout: 5 };
  const { Messages: read = [] } = await sqs.send(new ReceiveMessageCommand(request));
  sqs.destroy();
  expect(read).toHaveLength(1);
  await page.keyboard.press('x');
  await shows(page, 'dead-letters', '1 dead letter is not listed: another reader has the messages');
  expect(await page.getByText('No dead letters').count()).toBe(0);
  await shows(page, 'dead-letters', '1 dead letter with 1 event');
  expect(await page.getByText('not listed').count()).toBe(0);
});

inBrowser('a rejected row shows which dead letters a redrive moves, and when its own is gone', async () => {
  const page = await open();
  await stack.post('{"event": ');
  await firstRow(page).getByText('rejected: invalid_json').waitFor();
  await firstRow(page).click();
  await page.getByRole('tab', { name: 'Why' }).click();
  await shows(page, 'detail', 'In the dead letters. They are kept for 14 days.');
  const redrive = page.getByRole('button', { name: 'Redrive all invalid_json …' });
  expect(await redrive.isEnabled()).toBe(true);
  await page.evaluate(() => fetch('/api/dead-letters/discard', { method: 'POST', body: '{}' }));
  await shows(page, 'detail', 'Its dead letter is gone');
  expect(await redrive.isEnabled()).toBe(false);
});

inBrowser('the details of a body without a name show the name in the URL', async () => {
  const page = await open();
  const rejected = page.getByText('rejected: invalid_json');
  const before = await rejected.count();
  await stack.post('{"no": ', 'Named by path');
  await rejected.nth(before).waitFor();
  await firstRow(page).click();
  await page.getByTestId('detail').getByRole('heading', { name: 'Named by path' }).waitFor();
});

inBrowser('the verdict of the composer is visible in a low window', async () => {
  const page = await browser.open({ viewport: { width: 1280, height: 640 } });
  await page.goto(stack.consoleUrl);
  const box = await page.getByTestId('verdict').getByRole('heading').first().boundingBox();
  const bar = await page.locator('footer.status').boundingBox();
  expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(bar?.y ?? 0);
});

inBrowser(
  'after a restart on the same port, nothing is selected and the feed follows',
  async () => {
    const reserved = createTcpServer();
    await new Promise<void>((resolve) => reserved.listen(0, '127.0.0.1', resolve));
    const { port } = reserved.address() as AddressInfo;
    await new Promise((resolve) => reserved.close(resolve));
    const old = await startConsoleStack('--port', String(port));
    const page = await browser.open({ expected: /ERR_|Failed to load/ });
    await page.goto(old.consoleUrl);
    for (const order of ['1', '2', '3']) await old.post(purchase(order));
    await eventually(async () => {
      expect(await page.getByTestId('feed-row').count()).toBe(3);
    });
    await page.getByTestId('feed-row').nth(1).click();
    await shows(page, 'detail', 'delivered in');
    const link = page.url();
    expect(link).toContain('#row=');
    await old.end('SIGTERM');
    const next = await startConsoleStack('--port', String(port));
    try {
      expect(next.consoleUrl).toBe(old.consoleUrl);
      await page.getByText('No event yet').waitFor();
      expect(new URL(page.url()).hash).toBe('');
      for (const order of ['4', '5']) await next.post(purchase(order));
      await eventually(async () => {
        expect(await page.getByTestId('feed-row').count()).toBe(2);
      });
      expect(await page.locator('.held').count()).toBe(0);
    } finally {
      await next.end('SIGTERM');
    }
  },
  120_000,
);

inBrowser('sending to a real Heap again needs a confirmation', async () => {
  const heap = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => heap.listen(0, '127.0.0.1', resolve));
  const heapBaseUrl = `http://127.0.0.1:${(heap.address() as AddressInfo).port}`;
  const real = await StackWithConsole.start({ heapBaseUrl });
  try {
    const page = await browser.open();
    await page.goto(real.origin);
    await real.post(purchase('real'));
    await firstRow(page).getByText('delivered').waitFor();
    await firstRow(page).click();
    await page.keyboard.press('r');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^Send 1 event to 127\.0\.0\.1:\d+ again\?$/).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect((await real.state()).equation.accepted).toBe(1);
    await page.keyboard.press('r');
    await dialog.getByRole('button', { name: 'Send again' }).click();
    await dialog.waitFor({ state: 'detached' });
    await eventually(async () => {
      expect((await real.state()).equation.accepted).toBe(2);
    });
  } finally {
    await real.end();
    heap.closeAllConnections();
    await new Promise((resolve) => heap.close(resolve));
  }
});
