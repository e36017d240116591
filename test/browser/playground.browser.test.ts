import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { playgroundFile } from '../../console/playground-file';
import { readEnvironment } from '../../lib/config/environments';
import { sampleNames, sampleOf } from '../../relay/samples';
import { eventually } from '../support/eventually';
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
  const origin = { environment: 'prod', version: '1.2.3', readAt: Date.UTC(2026, 10, 28) };
  writeFileSync(
    join(folder, 'playground.html'),
    await playgroundFile({ ...readEnvironment('prod'), deniedIdentities: ['nobody*'] }, origin),
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function open(options: Parameters<typeof browser.open>[0] = {}, hash = ''): Promise<Page> {
  const page = await browser.open(options);
  await page.goto(url + hash);
  return page;
}

const verdict = (page: Page): Locator => page.getByTestId('verdict');
const headline = (page: Page): Locator => verdict(page).locator('h2');

/** Waits until a part of the page contains these words. */
const says = (part: Locator, words: string | RegExp): Promise<void> =>
  eventually(async () => {
    if (typeof words === 'string') expect(await part.innerText()).toContain(words);
    else expect(await part.innerText()).toMatch(words);
  });

/** Replaces the content of an editor, as a user does. */
async function replace(page: Page, text: string, editor = 'payload'): Promise<void> {
  await page.getByTestId(editor).click();
  await page.keyboard.press('ControlOrMeta+A');
  await paste(page, text);
}

/** The rendered parts of an editor that are marked as errors. */
const marked = (page: Page, editor: string): Promise<string[]> =>
  page.getByTestId(editor).locator('.cm-lintRange-error').allInnerTexts();

/** Waits until exactly these lines have a mark in the gutter. */
const marks = (page: Page, editor: string, lines: readonly string[]): Promise<void> =>
  eventually(async () => {
    expect(await markedLines(page, editor)).toEqual(lines);
  });

const markedLines = (page: Page, editor: string): Promise<string[]> =>
  page.getByTestId(editor).evaluate((content) => {
    const gutters = content.parentElement?.querySelector('.cm-gutters');
    const elements = (name: string): Element[] => [
      ...(gutters?.querySelectorAll(`.${name} .cm-gutterElement`) ?? []),
    ];
    const numbers = elements('cm-lineNumbers');
    return elements('cm-gutter-lint').flatMap((element) => {
      const [, severity] = /cm-lint-marker-(\w+)/.exec(element.innerHTML) ?? [];
      const top = element.getBoundingClientRect().top;
      const number = numbers.find((other) => Math.abs(other.getBoundingClientRect().top - top) < 2);
      return severity === undefined ? [] : [`${number?.textContent ?? '?'} ${severity}`];
    });
  });

/** The headline for each fixture. */
const fates: Readonly<Record<string, string>> = {
  'broadcast-with-placeholder.json': 'Heap would get 2 of 3 events',
  'evt-name-evt-data.json': 'Heap would get this event',
  'guide-as-printed.json': 'Heap would not get this event',
  'guide-rendered.json': 'Heap would get this event',
  'journey-node.json': 'Heap would not get this event',
  'list-of-events.json': 'Heap would get all 3 events',
  'post-action.json': 'Heap would not get this event',
  'send-test-custom-body.json': 'Heap would get this event',
  'setup-ping.json': 'Nothing would be sent to Heap, as intended',
  'stock-capitalised-broadcast.json': 'Heap would get 2 of 3 events',
  'stock-capitalised-single.json': 'Heap would get this event',
  'stock-lower-case-single.json': 'Heap would get this event',
  'stock-lower-case.json': 'Heap would get this event, with 1 change',
  'unknown-shape.json': 'Heap would not get this event',
};

inBrowser('shows the right headline for every fixture', async () => {
  const page = await open();
  const said: Record<string, string> = {};
  for (const name of readdirSync(fixtures)) {
    await replace(page, fixture(name));
    await says(headline(page), fates[name] ?? '');
    said[name] = (await headline(page).innerText()).replace(/^.\s*/, '');
  }
  expect(said).toEqual(fates);
});

inBrowser('starts with a sample, and lists all samples by name', async () => {
  const page = await open();
  await says(headline(page), 'Heap would get this event');

  for (const name of sampleNames) {
    await page.getByTestId('sample').selectOption(name);
    const shown = await page.getByTestId('payload').innerText();
    expect(shown.replace(/\s/g, '')).toContain(sampleOf(name)?.body.slice(0, 200).replace(/\s/g, ''));
  }
});

inBrowser("shows why the guide's payload is rejected as printed, and where", async () => {
  const page = await open();
  await replace(page, fixture('guide-as-printed.json'));

  await says(verdict(page), /A template was not filled in\s+unrendered_template/);
  await says(verdict(page), 'Remove a "default:" such as \'user@example.com\' from the identity.');
  expect((await marked(page, 'payload')).join('')).toContain('{{ Profile.Email');
  await marks(page, 'payload', ['3 error']);
});

inBrowser('judges on each keystroke, and marks where JSON becomes invalid', async () => {
  const page = await open();
  await replace(page, '');
  await page.keyboard.type('{\n"identity": "cust-1",\n"event": "Purchase"');
  await says(verdict(page), /line 3 column \d+: the end of the body/);
  await marks(page, 'payload', ['3 error']);

  await page.keyboard.type('}');
  await says(headline(page), 'Heap would get this event');
  await marks(page, 'payload', []);
});

inBrowser('shows a change at its property, and the property in the payload', async () => {
  const page = await open();
  const note = 'x'.repeat(2000);
  await replace(
    page,
    `{\n"identity": "cust-1",\n"event": "Purchase",\n"properties": {\n"note": "${note}",\n"gift": null\n}\n}`,
  );

  const changed = verdict(page).locator('.changed');
  await says(changed, /^note\b[^]*value_truncated/);
  await says(verdict(page).locator('.changes'), /^gift\b[^]*value_dropped/);
  await verdict(page).locator('.changes').getByRole('button', { name: 'Show it: gift' }).click();
  await page.keyboard.type('"gift": 1');
  await says(headline(page), 'with 1 change');
});

inBrowser('uses the event name in the URL', async () => {
  const page = await open();
  await page.getByTestId('sample').selectOption('journey');
  await says(verdict(page), 'The event has no name');

  await page.getByTestId('path-event').fill('Cart reminder');
  await says(verdict(page), 'Cart reminder');
  await says(headline(page), 'Heap would get this event');
});

inBrowser('knows the denied identities of its environment', async () => {
  const page = await open();
  await replace(page, '{"identity": "nobody-7", "event": "Purchase"}');
  await says(verdict(page), 'identity: refused by this environment');
});

inBrowser('shows what the endpoint itself would reject', async () => {
  const page = await open();
  await replace(page, `{"identity": "cust-1", "event": "Purchase", "note": "a\u0001b"}`);
  await says(headline(page), 'The webhook would reject this request (400)');
  await says(verdict(page), 'U+0001 at line 1 column 55');
  await marks(page, 'payload', ['1 error']);

  await replace(page, `{"identity": "cust-1", "event": "Purchase", "note": "${'x'.repeat(1_100_000)}"}`);
  await page.getByText('The webhook would reject this request (413)').waitFor();
});

inBrowser('applies a rule, and marks its errors at their lines', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await says(verdict(page), /value\s+100\s+number/);
  await says(verdict(page), 'By the rule your rule');

  await replace(
    page,
    '{\n  "when": { "event": "Purchase" },\n  "send": {\n    "properties": { "value": "{{ Evnt.value }}" }\n  }\n}',
    'rule',
  );
  await says(
    page.getByTestId('rule-mistakes'),
    /^Line 4, column 34 send\.properties\.value unknown name Evnt/,
  );
  await marks(page, 'rule', ['4 error']);
  await says(headline(page), 'Heap would get this event');

  await page.getByRole('button', { name: 'Line 4, column 34' }).click();
  await page.keyboard.type('Event.value }}"}}}');
  expect(await page.getByTestId('rule').innerText()).toContain('"value": "{{ Event.value }}"}}}');

  await page.getByRole('button', { name: 'Remove' }).click();
  await says(verdict(page), 'By the default mapping');
});

inBrowser('reads a date without a time zone the same way in every time zone', async () => {
  const rule = JSON.stringify({
    when: { event: 'Visit' },
    send: { properties: { hour: '{{ Event.at | date: "%Y-%m-%d %H:%M" }}' } },
  });
  const page = await open({ timezoneId: 'Asia/Kolkata' });
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await replace(page, rule, 'rule');
  for (const at of ['2026-11-05 10:00', '2026-11-05T10:00', 'Nov 5, 2026 10:00', '2026-11-05T12:00+02:00']) {
    await replace(page, JSON.stringify({ identity: 'cust-1', event: 'Visit', properties: { at } }));
    await says(verdict(page), /hour\s+2026-11-05 10:00/);
  }
});

inBrowser('works offline, and requests only its own file', async () => {
  const page = await browser.open();
  const requested: string[] = [];
  page.context().on('request', (request) => requested.push(request.url()));
  await page.context().setOffline(true);
  await page.goto(url);
  await page.getByTestId('sample').selectOption('broadcast');
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.locator('summary').last().click();
  await replace(page, fixture('guide-rendered.json'));
  await says(headline(page), 'Heap would get this event');
  expect(requested).toEqual([url]);
});

/** Tries each way to reach the address from the page. @returns the directives that blocked one */
async function tryToReach(page: Page, address: string): Promise<string[]> {
  return page.evaluate(async (address) => {
    const refused = new Set<string>();
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.add(effectiveDirective));
    const loads = (tag: string, attributes: Record<string, string>): void => {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      document.body.append(element);
    };
    await fetch(address).catch(() => undefined);
    await fetch(address, { method: 'POST', mode: 'no-cors', body: 'x' }).catch(() => undefined);
    navigator.sendBeacon(address, 'x');
    try {
      new EventSource(address).close();
      new WebSocket(address.replace('http', 'ws'));
    } catch {
      // Blocked synchronously.
    }
    loads('img', { src: `${address}/image` });
    loads('iframe', { src: `${address}/frame` });
    loads('script', { src: `${address}/script` });
    loads('link', { rel: 'stylesheet', href: `${address}/style` });
    loads('video', { src: `${address}/video` });
    loads('object', { data: `${address}/object` });
    loads('base', { href: `${address}/base` });
    await new FontFace('Other', `url(${address}/font)`).load().catch(() => undefined);
    const form = document.createElement('form');
    Object.assign(form, { action: address, method: 'post' });
    document.body.append(form);
    form.submit();
    const inline = document.createElement('script');
    inline.textContent = 'inlineRan = 1';
    document.body.append(inline);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The debugger allows eval for its own code, but not for code that runs after a timeout.
    try {
      Reflect.construct(Function, ['return 1']);
      refused.add('but not eval');
    } catch {
      // Blocked, as expected.
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    if ('inlineRan' in globalThis) refused.add('but not an inline script');
    return [...refused].sort();
  }, address);
}

inBrowser('has a policy that blocks requests, forms, frames, images, fonts and scripts', async () => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await open({ expected: /Content.Security.Policy|violates|Refused|Failed to/i });
  try {
    expect(await tryToReach(page, address)).toEqual([
      'base-uri',
      'connect-src',
      'font-src',
      'form-action',
      'frame-src',
      'img-src',
      'media-src',
      'object-src',
      'script-src',
      'script-src-elem',
      'style-src-elem',
    ]);
    expect(requests).toEqual([]);

    // A page without a policy reaches the same server.
    const free = await browser.open({ expected: /./ });
    await free.goto(`${address}/free`);
    // Its form navigates away, which ends the script.
    await tryToReach(free, address).catch(() => undefined);
    await eventually(() => {
      expect(requests).toEqual(
        expect.arrayContaining(['/', '/image', '/frame', '/script', '/style', '/font']),
      );
      return Promise.resolve();
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

inBrowser('warns before it makes a link, and opens the link', async () => {
  const page = await open();
  const payload = '{"identity": "ana@shop.test", "event": "Kauf ✓ 手表", "note": "\\ud800"}';
  await replace(page, payload);
  await page.getByTestId('path-event').fill('Ignored');
  expect(page.url()).toBe(url);

  await page.getByRole('button', { name: 'Make a link' }).click();
  const maker = page.getByRole('region', { name: 'Link with this payload' });
  expect(await maker.innerText()).toContain('Anyone with the link can read them.');
  const link = await page.getByTestId('link').inputValue();
  expect(page.url()).toBe(url);

  const other = await browser.open();
  await other.goto(link);
  expect(await other.getByTestId('payload').innerText()).toContain(payload);
  expect(await other.getByTestId('path-event').inputValue()).toBe('Ignored');
  await says(verdict(other), 'Kauf ✓ 手表');
});

inBrowser('reports a broken link, and starts as without it', async () => {
  const page = await open({}, '#draft=eyJwYXlsb2FkIjoi');
  expect(await page.getByRole('alert').innerText()).toContain('may have been cut off');
  await says(headline(page), 'Heap would get this event');
});

const hostile: readonly (readonly [name: string, payload: string, said: string])[] = [
  [
    'a script',
    '{"identity": "<script>pwned = 1</script>", "event": "<img src=x onerror=pwned=1>", "properties": {"</style><script>pwned=1</script>": "</script><script>pwned=1</script>"}}',
    '<img src=x onerror=pwned=1>',
  ],
  [
    '400 kB in a value',
    `{"identity": "c", "event": "E", "note": "${'"<b>'.slice(1).repeat(133_333)}"}`,
    'value_truncated',
  ],
  [
    '400 kB in a name',
    `{"identity": "c", "event": "E", "${'n'.repeat(400_000)}": 1}`,
    'property_name_too_long',
  ],
  [
    'a string with direction marks',
    '{"identity": "c\u202e", "event": "E\u2066\u202eXYZ", "properties": {"a\u202eb": "x\u202ey"}}',
    'holds invisible characters',
  ],
  [
    'a property with direction marks',
    '{"identity": "c", "event": "E", "properties": {"a\u202eb": "x\u202ey"}}',
    'x\\u202ey',
  ],
  [
    'the name of a prototype',
    '{"identity": "c", "event": "E", "properties": {"__proto__": {"a": 1}}}',
    'a property is named __proto__',
  ],
  ['100,000 levels', '['.repeat(100_000), 'invalid_json'],
  [
    'many properties',
    `{"identity": "c", "event": "E", "properties": {${Array.from({ length: 600 }, (_, i) => `"p${i}": ${i}`).join()}}}`,
    'more than 500 properties',
  ],
];

inBrowser.each(hostile)('%s does not change the page', async (_, payload, said) => {
  const page = await open();
  await replace(page, payload);
  await verdict(page).getByText(said).first().waitFor();

  expect(await page.evaluate(() => 'pwned' in globalThis || 'a' in {})).toBe(false);
  expect(await page.locator('script').count()).toBe(2);
  expect(await page.locator('img[src]').count()).toBe(0);
  for (const summary of await verdict(page).locator('summary').all()) await summary.click();
  expect(await verdict(page).innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
});

inBrowser('summarizes a broadcast of a thousand, and shows fifty events', async () => {
  const page = await open();
  const profiles = Array.from({ length: 1000 }, (_, i) => ({
    identity: i % 10 === 0 ? 'guest' : `cust-${i}`,
  }));
  await replace(page, JSON.stringify({ key_values: { event: 'Newsletter' }, profiles }));
  await page.getByText('Heap would get 900 of 1,000 events').waitFor();
  expect(await verdict(page).locator('.summary').innerText()).toMatch(
    /900 delivered\s+100 rejected: the identity is a placeholder/i,
  );
  expect(await verdict(page).locator('details').count()).toBe(51);
});

inBrowser.each(['light', 'dark'] as const)('axe-core finds no serious violation, %s', async (colorScheme) => {
  const page = await open({ colorScheme });
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
    colorScheme === 'dark' ? 'rgb(17, 20, 24)' : 'rgb(246, 247, 249)',
  );
  expect(await seriousViolations(page)).toEqual([]);

  await page.getByTestId('sample').selectOption('broadcast');
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  await replace(page, '{', 'rule');
  await verdict(page).locator('summary').nth(1).click();
  await verdict(page).locator('summary').last().click();
  expect(await seriousViolations(page)).toEqual([]);
});

inBrowser('the keyboard reaches everything, and no editor traps the focus', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();

  expect(await tabOrder(page)).toEqual([
    'select Sample',
    'input Event name in the URL',
    'textbox Payload, the body of the webhook',
    'button Remove',
    'textbox Mapping rule',
    'input Link',
    'button Copy the link',
    'button Close',
    'summary 1 request to Heap',
  ]);
  expect(await unreachable(page)).toEqual([]);

  await page.getByTestId('payload').focus();
  await page.keyboard.press('F8');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('Cart');
  expect(await page.getByTestId('path-event').inputValue()).toBe('Cart');
});

inBrowser('fits a window of 360 pixels', async () => {
  const page = await open({ viewport: { width: 360, height: 740 } });
  expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);

  await page.getByTestId('sample').selectOption('profile-variables');
  await page.getByRole('button', { name: 'Try a mapping rule' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  await replace(page, '{"send": {"identity": "{{ Profile.e-mail_address_of_the_user }}"}}', 'rule');
  await verdict(page).locator('summary').last().click();
  expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
  const [input, below] = await Promise.all([
    page.getByTestId('payload').boundingBox(),
    verdict(page).boundingBox(),
  ]);
  expect(below!.y).toBeGreaterThan(input!.y + 100);
});
