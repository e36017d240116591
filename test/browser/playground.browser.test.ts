import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { playgroundFile } from '../../console/playground-file';
import { readEnvironment } from '../../lib/config/environments';
import {
  paste,
  seriousViolations,
  sidewaysScroll,
  tabOrder,
  testInBrowser as inBrowser,
  unreachable,
  useBrowser,
} from './support/browser';

const fixtures = join(__dirname, '../fixtures/clevertap');
const fixture = (name: string): string => readFileSync(join(fixtures, name), 'utf8');

const folder = mkdtempSync(join(tmpdir(), 'playground-'));
const url = pathToFileURL(join(folder, 'playground.html')).href;
const browser = useBrowser();

beforeAll(async () => {
  const config = readEnvironment('prod');
  const origin = { environment: 'prod', version: '1.2.3', readAt: Date.UTC(2026, 10, 28) };
  writeFileSync(join(folder, 'playground.html'), await playgroundFile(config, origin));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function open(options: Parameters<typeof browser.open>[0] = {}, hash = ''): Promise<Page> {
  const page = await browser.open(options);
  await page.goto(url + hash);
  return page;
}

const outcome = (page: Page): Promise<string> => page.getByTestId('verdict').locator('h2').innerText();

inBrowser('begins with a sample and its verdict', async () => {
  const page = await open();
  expect(await outcome(page)).toContain('Heap would get this event');
});

inBrowser('no serious violation of accessibility', async () => {
  const page = await open();
  expect(await seriousViolations(page)).toEqual([]);
  console.log(await tabOrder(page), await unreachable(page), await sidewaysScroll(page));
});
