import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { fixture } from '../support/clevertap-fixture';
import {
  paste,
  seriousViolations,
  sidewaysScroll,
  tabOrder,
  testInBrowser as inBrowser,
  unreachable,
  useBrowser,
} from './support/browser';
import { equationOf, shows, startConsoleStack, type ConsoleStack } from './support/console-stack';

const browser = useBrowser();
let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(async () => {
  await stack.end('SIGTERM');
});

async function open(options: Parameters<typeof browser.open>[0] = {}, hash = ''): Promise<Page> {
  const page = await browser.open(options);
  await page.goto(`${stack.consoleUrl}/${hash}`);
  await page.getByTestId('equation').waitFor();
  return page;
}

const purchase = (order: string): string =>
  JSON.stringify({ identity: 'sample-ana@shop.test', event: 'Purchase', properties: { order } });

const rows = (page: Page) => page.getByTestId('feed-row');
const firstRow = (page: Page) => rows(page).first();
const tab = (page: Page, name: string) => page.getByRole('tab', { name });

/** Pastes a payload into the composer, as a user does. */
async function compose(page: Page, payload: string): Promise<void> {
  await page.keyboard.press('n');
  await page.getByTestId('payload').click();
  await page.keyboard.press('ControlOrMeta+a');
  await paste(page, payload);
}

describe('before the first event', () => {
  inBrowser('shows how to send one, and its button sends one: delivered within 5 s', async () => {
    const page = await open();
    await page.getByText('No event yet').waitFor();
    const text = await page.getByRole('main').innerText();
    expect(text).toContain(stack.webhookUrl);
    expect(text).toContain(`x-api-key: ${stack.apiKey}`);
    expect(await seriousViolations(page)).toEqual([]);

    const start = performance.now();
    await page.getByRole('button', { name: 'Send a purchase' }).click();
    await firstRow(page).getByText('delivered in').waitFor({ timeout: 5000 });
    console.log(`delivered and shown after ${Math.round(performance.now() - start)} ms`);
    await shows(page, 'detail', 'delivered in');
    expect(await equationOf(page)).toEqual({ Accepted: 1, Delivered: 1, Rejected: 0, Ignored: 0, Queued: 0 });
  });
});

describe('the composer', () => {
  inBrowser('sends on Ctrl+Enter, and the view jumps to the new row', async () => {
    const page = await open();
    await compose(page, purchase('by keys'));
    await page.getByText('Heap would get this event').waitFor();
    await page.keyboard.press('Control+Enter');
    await shows(page, 'detail', 'delivered in');
    expect(await rows(page).locator('[aria-current=true]').count()).toBe(1);
    expect(await firstRow(page).locator('[aria-current=true]').count()).toBe(1);
  });

  inBrowser('prepares another purchase after sending one, and Heap counts both', async () => {
    const page = await open();
    const before = (await stack.received()).length;
    for (const sent of [1, 2]) {
      await page.keyboard.press('n');
      await page.getByTestId('send').click();
      await shows(page, 'detail', 'delivered in');
      expect(await stack.received()).toHaveLength(before + sent);
    }
  });

  inBrowser("shows why the guide's payload is rejected, and so does its row", async () => {
    const page = await open();
    await compose(page, fixture('guide-as-printed'));
    await shows(page, 'verdict', 'unrendered_template');
    await page.getByTestId('send').click();
    await shows(page, 'detail', 'rejected: unrendered_template');
    await tab(page, 'Why').click();
    await shows(page, 'detail', 'What to do');
    await tab(page, 'Heap got').click();
    await shows(page, 'detail', 'Nothing is sent to Heap');
  });

  inBrowser('edits a payload and sends it again', async () => {
    const page = await open();
    await stack.post(purchase('to be edited'), 'Later name');
    await firstRow(page).getByText('delivered in').waitFor();
    await firstRow(page).click();
    await page.keyboard.press('e');
    await page.getByTestId('payload').getByText('to be edited').waitFor();
    expect(await page.getByTestId('path-event').inputValue()).toBe('Later name');
    await compose(page, purchase('edited'));
    await page.getByTestId('send').click();
    await shows(page, 'detail', 'delivered in');
    expect(JSON.stringify(await stack.received())).toContain('"edited"');
  });

  inBrowser('shows the answer of the endpoint if it stores nothing', async () => {
    const page = await open();
    await compose(page, `{"identity":"sample-1","event":"A\u0007"}`);
    await page.getByTestId('send').click();
    await page.getByText('The endpoint answered 400').waitFor();
  });
});

describe('a row', () => {
  inBrowser('of a broadcast opens to its events, each with its state', async () => {
    const page = await open();
    await stack.post(fixture('broadcast-with-placeholder'));
    await firstRow(page).getByText('1 rejected, 2 delivered').waitFor();
    await firstRow(page).click();
    const people = firstRow(page).locator('ol').getByRole('button');
    await people.nth(2).waitFor();
    expect(await people.count()).toBe(3);
    expect(await people.nth(0).innerText()).toContain('delivered in');
    expect(await people.nth(1).innerText()).toContain('rejected: placeholder_identity');
    await people.nth(0).click();
    await shows(page, 'detail', 'Event 1 of 3');
    await page.keyboard.press('j');
    await shows(page, 'detail', 'Event 2 of 3');
    await shows(page, 'detail', 'rejected: placeholder_identity');
  });

  inBrowser('masks personal data until the user shows it', async () => {
    const page = await open();
    await stack.post(fixture('broadcast-with-placeholder'));
    await firstRow(page).getByText('counted once').or(firstRow(page).getByText('rejected')).first().waitFor();
    await firstRow(page).click();
    await tab(page, 'Received').click();
    await page.getByText('The body with its values masked').waitFor();
    expect(await page.locator('body').innerText()).not.toContain('pii');
    await page.getByRole('button', { name: 'Show personal data' }).click();
    await shows(page, 'detail', 'pii-cust-1');
    await rows(page).nth(1).click();
    await page.getByRole('button', { name: 'Show personal data' }).waitFor();
  });

  inBrowser('of a repeated webhook is counted once', async () => {
    const page = await open();
    await stack.post(purchase('twice'));
    await firstRow(page).getByText('delivered in').waitFor();
    await firstRow(page).click();
    await page.keyboard.press('r');
    await shows(page, 'detail', 'counted once');
    await tab(page, 'Why').click();
    await page.getByRole('button', { name: 'Go to the event in Heap' }).click();
    await tab(page, 'Journey').click();
    await shows(page, 'detail', 'delivered in');
  });

  inBrowser('is copied as a command that sends the same payload again', async () => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const payload = purchase(`it's "quoted"`);
    await stack.post(payload, 'By path');
    await firstRow(page).getByText('delivered in').waitFor();
    await firstRow(page).click();
    await page.keyboard.press('c');
    await page.getByText('The command is on the clipboard').waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command).toContain(`${stack.webhookUrl}/By%20path`);
    expect(command).toContain(payload.replaceAll("'", `'\\''`));
  });
});

describe('the feed', () => {
  inBrowser('does not move while a row is selected, and shows how many rows are new', async () => {
    const page = await open();
    await firstRow(page).waitFor();
    await page.keyboard.press('j');
    const before = await firstRow(page).innerText();
    await stack.post(JSON.stringify({ identity: 'sample-1', event: 'Held back 1' }));
    await stack.post(JSON.stringify({ identity: 'sample-1', event: 'Held back 2' }));
    await page.getByRole('button', { name: '2 new' }).waitFor();
    expect(await firstRow(page).innerText()).toBe(before);
    await page.getByRole('button', { name: '2 new' }).click();
    await firstRow(page).getByText('Held back 2').waitFor();
  });

  inBrowser('is filtered by words and by a term of the equation, and a link shows the same', async () => {
    const page = await open();
    const all = (await equationOf(page))['Accepted'];
    expect(all).toBeGreaterThan(3);
    await page.getByRole('button', { name: /^Rejected/ }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('unrendered');
    await eventually(async () => {
      expect(await rows(page).count()).toBe(1);
    });
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await shows(page, 'detail', 'unrendered_template');
    const link = page.url();
    expect(link).toMatch(/#filter=unrendered&state=rejected&row=/);

    const other = await browser.open();
    await other.goto(link);
    await shows(other, 'detail', 'unrendered_template');
    expect(await rows(other).count()).toBe(1);
    expect(await other.getByTestId('filter').inputValue()).toBe('unrendered');
  });
});

describe('dead letters', () => {
  inBrowser('are redriven after a confirmation, and delivered once the cause is fixed', async () => {
    const page = await open();
    await page.getByTestId('heap-mode').selectOption('400-index');
    await eventually(async () => {
      const { heap } = (await page.evaluate(() =>
        fetch('/api/state').then((response) => response.json()),
      )) as {
        heap: { mode: string };
      };
      expect(heap.mode).toBe('400-index');
    });
    await stack.post(purchase('refused by Heap'));
    await firstRow(page).getByText('rejected: heap_rejected').waitFor();
    await page.getByTestId('heap-mode').selectOption('ok');

    await page.keyboard.press('x');
    const letters = page.getByTestId('dead-letters');
    await letters.getByText('heap_rejected', { exact: true }).waitFor();
    const reason = letters.locator('article').filter({ hasText: 'heap_rejected' });
    await reason.getByRole('button', { name: /^Redrive/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Redrive 1 dead letter with the reason heap_rejected?').waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Redrive' }).click();
    await dialog.getByText('1 dead letter moved back to the queue.').waitFor();
    await page.keyboard.press('Escape');
    await firstRow(page).getByText('delivered in').waitFor();
    await letters.getByText('heap_rejected', { exact: true }).waitFor({ state: 'detached' });
    expect(JSON.stringify(await stack.received())).toContain('refused by Heap');
  });

  inBrowser('are discarded after a confirmation; Escape keeps them', async () => {
    const page = await open();
    await stack.post('{"event": ');
    await firstRow(page).getByText('rejected: invalid_json').waitFor();
    await page.keyboard.press('x');
    const reason = page.getByTestId('dead-letters').locator('article').filter({ hasText: 'invalid_json' });
    await reason.getByRole('button', { name: /^Discard/ }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await reason.getByRole('button', { name: /^Discard/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard for good' }).click();
    await page.getByText('1 dead letter discarded.').waitFor();
    await page.getByRole('button', { name: 'Close' }).last().click();
    await reason.waitFor({ state: 'detached' });
  });
});

describe('hostile payloads', () => {
  inBrowser('do not change the page', async () => {
    const page = await open();
    const hostile: Record<string, unknown>[] = [
      {
        identity: 'sample-h1',
        event: `<script>window.hacked = 1</script><img src=x onerror="window.hacked=1">`,
      },
      { identity: 'sample-h2', event: '\u202Eesrever', properties: { '\u202Ename': '\u2066x' } },
      { identity: 'sample-h3', event: 'Long', properties: { a: 'x'.repeat(400_000) } },
      { identity: 'sample-h4', event: 'Proto', properties: { constructor: 'x', toString: 'y' } },
      { identity: '<b>bold</b>'.repeat(20), event: 'E'.repeat(5000) },
    ];
    for (const payload of hostile) {
      await stack.post(JSON.stringify(payload));
      await firstRow(page)
        .getByText(/delivered in|rejected/)
        .waitFor();
      await firstRow(page).click();
      for (const name of ['Received', 'Heap got', 'Why', 'Journey']) await tab(page, name).click();
      await page.getByRole('button', { name: 'Show personal data' }).click();
      await page.getByRole('button', { name: 'Hide personal data' }).waitFor();
      for (const name of ['Received', 'Heap got', 'Why', 'Journey']) await tab(page, name).click();
      expect(await sidewaysScroll(page)).toBe(0);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    }
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('body').innerText()).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
  });
});

describe('accessibility', () => {
  inBrowser.each(['light', 'dark'] as const)(
    'axe-core finds no serious violation, %s',
    async (colorScheme) => {
      const page = await open({ colorScheme });
      await firstRow(page).waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await page.keyboard.press('j');
      for (const name of ['Received', 'Heap got', 'Why', 'Journey']) {
        await tab(page, name).click();
        expect(await seriousViolations(page)).toEqual([]);
      }
      for (const key of ['x', 'n', '?']) {
        await page.locator('body').press('Escape');
        await page.keyboard.press(key);
        await page.waitForTimeout(300);
        expect(await seriousViolations(page)).toEqual([]);
      }
    },
  );

  inBrowser('every action is reachable by Tab or by the keys of a list', async () => {
    const page = await open();
    await firstRow(page).waitFor();
    await page.keyboard.press('j');
    await shows(page, 'detail', 'Journey');
    // Tab continues from the last click.
    await page.getByRole('heading', { level: 1 }).click();
    await tabOrder(page);
    const missed = await unreachable(page);
    // Tab reaches one row. Arrow keys, j and k reach the others.
    expect(missed.filter((element) => !element.includes('id="row '))).toEqual([]);
  });

  inBrowser('the keyboard alone is enough', async () => {
    const page = await open();
    await firstRow(page).waitFor();
    await page.keyboard.press('n');
    await eventually(async () => {
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
    });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ControlOrMeta+a');
    await paste(page, fixture('broadcast-with-placeholder').replace('Newsletter', 'By keyboard'));
    await page.keyboard.press('Control+Enter');
    await firstRow(page).getByText('By keyboard').first().waitFor();
    await firstRow(page).getByText('1 rejected, 2 delivered').waitFor();
    await page.keyboard.press('Enter');
    await firstRow(page).locator('ol').waitFor();
    await page.keyboard.press('ArrowDown');
    await shows(page, 'detail', 'Event 1 of 3');
    await page.keyboard.press('Escape');
    await firstRow(page).locator('ol').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByTestId('detail').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  inBrowser('a window of 360 px shows everything without scrolling sideways', async () => {
    const page = await open({ viewport: { width: 360, height: 740 } });
    await firstRow(page).waitFor();
    expect(await sidewaysScroll(page)).toBe(0);
    await firstRow(page).click();
    await page.getByTestId('detail').waitFor();
    for (const name of ['Received', 'Heap got', 'Why', 'Journey']) {
      await tab(page, name).click();
      expect(await sidewaysScroll(page)).toBe(0);
    }
    await page.getByTestId('detail').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Dead letters' }).click();
    await page.getByTestId('dead-letters').waitFor();
    expect(await sidewaysScroll(page)).toBe(0);
    await page.getByTestId('dead-letters').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Compose' }).click();
    await page.getByTestId('payload').waitFor();
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await seriousViolations(page)).toEqual([]);
  });
});
