import { existsSync, readFileSync } from 'node:fs';
import type axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const isMissing = !existsSync(executablePath);
const isCi = (process.env['CI'] ?? '') !== '';

/** `test`, skipped on a machine without a browser. In CI a missing browser fails. */
export const testInBrowser: jest.It = isMissing && !isCi ? test.skip : test;

export interface TestBrowser {
  /**
   * A page with its own profile. A console error, an exception or a violation of the Content-Security-Policy fails the
   * test.
   */
  open(options?: PageOptions): Promise<Page>;
  /** The errors on the pages of this test so far. */
  readonly problems: readonly string[];
}

interface PageOptions extends BrowserContextOptions {
  /** Matches errors that the test causes on purpose. */
  readonly expected?: RegExp;
}

/** One browser for the tests of a file. Every page is closed after its test. */
export function useBrowser(): TestBrowser {
  if (isMissing && !isCi) {
    console.warn(
      `Browser tests are skipped: ${executablePath} does not exist. Install Chromium, or set CHROMIUM=/path/to/chromium.`,
    );
  }
  let browser: Browser | undefined;
  const problems: string[] = [];

  beforeAll(async () => {
    if (isMissing)
      throw new Error(`no browser at ${executablePath}: install Chromium, or set CHROMIUM to its path`);
    // The browser must not use the network on its own.
    const args = ['--disable-background-networking', '--disable-component-update', '--no-first-run'];
    browser = await chromium.launch({ executablePath, args });
  });

  afterEach(async () => {
    await Promise.all(browser?.contexts().map((context) => context.close()) ?? []);
    expect(problems.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
  });

  return {
    problems,
    async open({ expected, ...options } = {}) {
      if (browser === undefined) throw new Error('the browser was not started');
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const note = (problem: string): void => {
        if (expected?.test(problem) !== true) problems.push(problem);
      };
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => {
        note(`exception: ${error.stack ?? error.message}`);
      });
      page.on('crash', () => {
        note('the page crashed');
      });
      await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
          console.error(`Content-Security-Policy: ${effectiveDirective} refused ${blockedURI}`);
        });
      });
      return page;
    },
  };
}

const axeSource = (): string => readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Serious and critical violations by axe-core, one line each: the rule, the count and the first element. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy would block a script element.
  await page.evaluate(axeSource());
  const { violations } = await page.evaluate<axe.AxeResults>(
    // Without preload, axe-core sends no requests for style sheets.
    `axe.run(document, { preload: false, resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length}): ${nodes[0]?.html ?? ''}`);
}

/** How many pixels a page is wider than its window. */
export const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

/** What Tab visits from the top of a page until it leaves the page or repeats: role or tag, and name. */
export async function tabOrder(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    // Otherwise Tab starts from the last click.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });
  const visited: string[] = [];
  for (let step = 0; step < 500; step += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(markFocused);
    if (name === undefined) return visited;
    visited.push(name);
  }
  throw new Error(`Tab is trapped: ${visited.slice(-5).join(', ')}`);
}

/** Marks and names the focused element. Undefined if there is none, or if it is already marked. */
function markFocused(): string | undefined {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (element === null || element === document.body || element === document.documentElement) return undefined;
  if (element.hasAttribute('data-visited')) return undefined;
  element.setAttribute('data-visited', '');
  const labels = 'labels' in element ? (element.labels as NodeListOf<HTMLLabelElement> | null) : null;
  const name =
    element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element.textContent.trim().slice(0, 60);
  return `${element.getAttribute('role') ?? element.tagName.toLowerCase()} ${name}`;
}

/** After `tabOrder`: visible elements for clicks or input that were not visited. */
export const unreachable = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const selector =
      'a[href], button, input, select, textarea, summary, [contenteditable=true], [role=button], [role=tab], [onclick]';
    const roots: (Document | ShadowRoot)[] = [document];
    const missed: string[] = [];
    for (const root of roots) {
      for (const element of root.querySelectorAll<HTMLElement>('*')) {
        if (element.shadowRoot !== null) roots.push(element.shadowRoot);
        if (!element.matches(selector) || !element.checkVisibility() || element.matches(':disabled'))
          continue;
        // Tab reaches one tab or radio button of a group. Arrow keys reach the others.
        const isRoving =
          element.tabIndex === -1 && element.closest('[role=tablist], [role=radiogroup]') !== null;
        if (!isRoving && !element.hasAttribute('data-visited')) missed.push(element.outerHTML.slice(0, 120));
      }
    }
    return missed;
  });

/** Pastes a string into the focused element, without the machine's clipboard. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    element?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true, composed: true }),
    );
  }, text);
}
