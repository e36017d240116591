import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { checkRecorder, Recording } from './recording';
import { startStack, type StackProcess } from './stack-process';

const root = join(__dirname, '..');
const images = join(root, 'docs/images');

/** A README is read on slow lines as well. */
const maxBytes = { png: 250_000, webp: 1_000_000 };

const consoleLook = { viewport: { width: 1280, height: 640 }, deviceScaleFactor: 2 };
const playgroundLook = { viewport: { width: 1280, height: 660 }, deviceScaleFactor: 2 };

new Command('npm run screenshots --')
  .description('Makes the pictures of docs/images anew, in Chromium, from the running product.')
  .option('--recording', 'also record the first minute; needs img2webp of the package webp')
  .option('--port <number>', 'port of the webhook of the stack that is shown', '4000')
  .action(makePictures)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });

async function makePictures({ recording, port }: { recording?: true; port: string }): Promise<void> {
  if (recording === true) checkRecorder();
  const browser = await launch();
  const folder = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-pictures-'));
  try {
    const made = [
      ...(await consolePictures(browser, port, folder)),
      ...(await playgroundPictures(browser, folder)),
    ];
    made.forEach(reduce);
    if (recording === true) made.push(await firstMinute(browser, port, folder));
    publish(made);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

async function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no browser ${executablePath}. Install Chromium, or name one: CHROMIUM=/path/to/chromium.`,
    );
  }
  // Nothing that an installed browser does by itself may reach a network.
  const args = ['--disable-background-networking', '--disable-component-update', '--no-first-run'];
  return chromium.launch({ executablePath, args });
}

async function open(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
  // A delivery after an outage takes half a minute.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function withStack<T>(port: string, use: (stack: StackProcess) => Promise<T>): Promise<T> {
  const stack = await startStack(port);
  try {
    return await use(stack);
  } finally {
    await stack.stop();
  }
}

/** A morning's feed, with one event that waits because Heap fails. */
function consolePictures(browser: Browser, port: string, folder: string): Promise<string[]> {
  return withStack(port, async ({ consoleUrl }) => {
    const page = await open(browser, consoleUrl, consoleLook);
    await send(page, { sample: 'setup-ping' }, 'ignored');
    await send(page, { sample: 'custom-body' }, 'delivered in');
    await send(page, { sample: 'broken-json' }, 'rejected');
    await send(page, { sample: 'profile-variables' }, 'delivered in');
    await send(page, { sample: 'journey', event: 'Cart abandoned' }, 'delivered in');
    await send(page, { sample: 'broadcast' }, '1 rejected, 2 delivered');
    await send(page, { sample: 'single-profile' }, 'delivered in');
    await setHeap(page, '500');
    await send(page, { sample: 'evt-name' }, 'attempt, next');

    const path = join(folder, 'console.png');
    await page.screenshot({ path, animations: 'disabled' });
    const dark = await open(browser, page.url(), { ...consoleLook, colorScheme: 'dark' });
    await dark.getByTestId('detail').getByText('Heap answered 500').first().waitFor();
    const darkPath = join(folder, 'console-dark.png');
    await dark.screenshot({ path: darkPath, animations: 'disabled' });
    return [path, darkPath];
  });
}

/** Sends a sample from the composer, as a person does, and waits until its row says what became of it. */
async function send(
  page: Page,
  { sample, event }: { readonly sample: string; readonly event?: string },
  outcome: string,
): Promise<void> {
  await page.getByRole('button', { name: 'Compose' }).click();
  await page.getByTestId('sample').selectOption(sample);
  if (event !== undefined) await page.getByTestId('path-event').fill(event);
  await page.getByTestId('send').click();
  // It takes the place of the composer, and its row is the selected one.
  await page.getByTestId('detail').waitFor();
  await page.getByTestId('feed-row').locator('[aria-current=true]').getByText(outcome).waitFor();
}

async function setHeap(page: Page, mode: string): Promise<void> {
  await page.getByTestId('heap-mode').selectOption(mode);
}

/** The page that npm run playground writes, and what it says of a payload that CleverTap did not fill in. */
async function playgroundPictures(browser: Browser, folder: string): Promise<string[]> {
  const file = join(folder, 'playground.html');
  execFileSync(process.execPath, ['--import', 'tsx', 'bin/playground.ts', '--env', 'prod', '--out', file], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pictures: string[] = [];
  for (const [name, colorScheme] of [
    ['playground', 'light'],
    ['playground-dark', 'dark'],
  ] as const) {
    const page = await open(browser, pathToFileURL(file).href, { ...playgroundLook, colorScheme });
    await page.getByTestId('sample').selectOption('unrendered');
    await page.getByTestId('verdict').getByText('unrendered_template').first().waitFor();
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    pictures.push(path);
  }
  return pictures;
}

/** From the empty console to the account; the waiting is shortened. */
function firstMinute(browser: Browser, port: string, folder: string): Promise<string> {
  return withStack(port, async (stack) => {
    const page = await open(browser, stack.consoleUrl, consoleLook);
    const row = page.getByTestId('feed-row').first();
    const recording = new Recording(page);
    await page.getByText('No event yet').waitFor();
    await recording.hold(1800);
    await page.getByRole('button', { name: 'Send a purchase' }).hover();
    await recording.hold(700);
    await page.getByRole('button', { name: 'Send a purchase' }).click();
    await recording.follow(row.getByText('delivered in').waitFor(), 350);
    await recording.hold(2500);

    await setHeap(page, '500');
    await recording.hold(1500);
    await page.getByRole('button', { name: 'Compose' }).click();
    await page.getByTestId('send').hover();
    await recording.hold(1500);
    await page.getByTestId('send').click();
    await recording.follow(row.getByText('attempt, next').waitFor(), 350);
    await recording.hold(2000);

    await setHeap(page, 'ok');
    await recording.hold(1000);
    await recording.follow(row.getByText('delivered in').waitFor(), 80);
    await recording.hold(3000);

    const stopped = page.getByText('The stack has stopped').waitFor();
    await Promise.all([stopped, stack.stop()]);
    await recording.hold(4000);

    const path = join(folder, 'first-minute.webp');
    recording.write(path, folder);
    return path;
  });
}

/** Fewer colours, where pngquant is there. */
function reduce(path: string): void {
  try {
    execFileSync('pngquant', ['--force', '--nofs', '--strip', '--output', path, path], { stdio: 'ignore' });
  } catch (error) {
    if (!isMissingProgram(error)) throw error;
  }
}

const isMissingProgram = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** All of them or none, so that the pictures are of one version. */
function publish(made: readonly string[]): void {
  const pictures = made.map((path) => ({ path, bytes: statSync(path).size }));
  for (const { path, bytes } of pictures) {
    const limit = path.endsWith('.webp') ? maxBytes.webp : maxBytes.png;
    if (bytes > limit) {
      throw new Error(
        `${basename(path)} has ${bytes} bytes, more than ${limit}. Nothing was written. pngquant, if it is installed, makes screenshots smaller.`,
      );
    }
  }
  mkdirSync(images, { recursive: true });
  for (const { path, bytes } of pictures) {
    const target = join(images, basename(path));
    copyFileSync(path, target);
    console.log(`${relative(root, target)}: ${Math.ceil(bytes / 1000)} kB`);
  }
}
