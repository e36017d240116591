import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRules } from '../../../lib/config/rule-parser';
import type { EndpointAnswer } from '../../../relay/preview/endpoint-answer';
import { preview } from '../../../relay/commands/preview';
import type { PreviewReport } from '../../../relay/preview/preview';
import { createProgram } from '../../../relay/program';

let folder: string;
let printed: string[];
let exitCode: typeof process.exitCode;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'preview-rule-'));
});
beforeEach(() => {
  printed = [];
  exitCode = process.exitCode;
  process.exitCode = undefined;
  jest.spyOn(console, 'log').mockImplementation((line: string) => printed.push(line));
});
afterEach(() => {
  process.exitCode = exitCode;
  jest.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  const isText = typeof content === 'string' || Buffer.isBuffer(content);
  writeFileSync(path, isText ? content : JSON.stringify(content));
  return path;
}

/** The output of `relay preview`, and its exit code if the call itself is valid. */
async function relay(...args: string[]): Promise<{ text: string; code: typeof process.exitCode }> {
  const program = createProgram();
  // Takes parsed options and bypasses the lazy loading, because Jest does not resolve ".js" to ".ts".
  program.commands.find((command) => command.name() === 'preview')!.action(preview);
  await program.parseAsync(['preview', ...args], { from: 'user' });
  return { text: printed.join('\n'), code: process.exitCode };
}

async function report(...args: string[]): Promise<PreviewReport & { endpoint: EndpointAnswer }> {
  const { text } = await relay(...args, '--json');
  return JSON.parse(text) as PreviewReport & { endpoint: EndpointAnswer };
}

const purchase = { event: 'Purchase', identity: 'a1', properties: { price: 3 } };
const rule = (send: object, event = 'Purchase'): object => ({ when: { event }, send });

describe('--rule', () => {
  test('uses the rules of the file, by its name', async () => {
    const bought = file(
      'purchase.json',
      rule({ event: 'Bought', properties: { cost: '{{ Event.price }}' } }),
    );
    const { events } = await report(file('body.json', purchase), '--rule', bought);

    expect(events).toMatchObject([
      { rule: 'purchase', event: { event: 'Bought', properties: { cost: 3 } }, outcome: 'delivered' },
    ]);
  });

  test('may be repeated: of all rules in all files, the first that matches applies', async () => {
    const rules = [
      file('other.json', rule({ event: 'No' }, 'Other')),
      file('list.json', [rule({ event: 'No' }, 'Another'), rule({ event: 'First' })]),
      file('last.json', rule({ event: 'Last' })),
    ].flatMap((path) => ['--rule', path]);
    const { events } = await report(file('body.json', purchase), ...rules);

    expect(events).toMatchObject([{ rule: 'list[1]', event: { event: 'First' } }]);
  });

  test('says which rules apply, and when none matched', async () => {
    const other = file('other.json', rule({}, 'Other'));
    const { text, code } = await relay(file('body.json', purchase), '--rule', other, '--env', 'prod');

    expect(text).toContain('  Rule      default mapping\n');
    expect(text).toContain(
      `These are the settings of the environment prod.\nIts rules were replaced by those of ${other}.\n` +
        'Events with the default mapping matched no rule: compare "when" with their name and campaign.\n',
    );
    expect(code).toBeUndefined();
  });

  test.each([
    ['invalid JSON', '{\n  "when": { "event": "Purchase" },\n  "send": {},\n}'],
    ['an unknown key', '{\n  "when": { "event": "Purchase" },\n  "send": {},\n  "sent": 1\n}'],
    [
      'a broken template',
      '{\n  "when": { "event": "Purchase" },\n  "send": { "identity": "{{ Profile.a | lowercase }}" }\n}',
    ],
    ['a duplicate key and several mistakes', '{"when":{},"when":{},"send":{},"send":{}}'],
    ['nothing', ''],
  ])('with %s prints the errors of the rule parser', async (_, text) => {
    const broken = file('broken.json', text);
    const { errors } = parseRules('broken', text);
    const lines = errors.map(
      ({ line, column, key, message }) =>
        `${broken}:${line}:${column}: ${key === undefined ? '' : `${key}: `}${message}`,
    );

    expect(lines.length).toBeGreaterThan(0);
    await expect(relay(file('body.json', purchase), '--rule', broken)).rejects.toThrow(lines.join('\n'));
    expect(printed).toEqual([]);
  });

  test.each<[string, () => string, string]>([
    ['does not exist', () => join(folder, 'none.json'), 'it does not exist'],
    ['is a folder', () => folder, 'it is a folder'],
    [
      'is UTF-16',
      () => file('utf16.json', Buffer.from(JSON.stringify(rule({})), 'utf16le')),
      'it is UTF-16; a rule file is JSON in UTF-8',
    ],
    ['is binary', () => file('gzip.json', Buffer.from('1f8b080000', 'hex')), 'it is binary; a rule file'],
    [
      'is Windows-1252',
      () => file('latin1.json', Buffer.from('é', 'latin1')),
      'it is not UTF-8; a rule file',
    ],
  ])('whose file %s says so', async (_, path, why) => {
    await expect(relay(file('body.json', purchase), '--rule', path())).rejects.toThrow(
      `cannot read ${path()}: ${why}`,
    );
  });
});

describe('what the endpoint would refuse', () => {
  test.each<[string, Buffer | string, number]>([
    ['a body over 1 MiB', JSON.stringify({ ...purchase, x: 'y'.repeat(1_100_000) }), 413],
    ['U+FFFF', JSON.stringify({ ...purchase, x: '\uffff' }), 400],
    ['UTF-16', Buffer.from(JSON.stringify(purchase), 'utf16le'), 400],
  ])('becomes no event: %s', async (_, body, status) => {
    const { text, code } = await relay(file('body.json', body));

    expect(text).toMatch(
      new RegExp(
        `^The endpoint would answer ${status}: the payload would not be stored[^]*\n\nNothing was sent\\.$`,
      ),
    );
    expect(text).not.toContain('api/track');
    expect(code).toBe(1);
    printed = [];
    const { events, requests, endpoint } = await report(join(folder, 'body.json'));
    expect({ events, requests }).toEqual({ events: [], requests: [] });
    expect(endpoint.status).toBe(status);
  });

  test('differs from what it accepts without a promise', async () => {
    const long = file('body.json', JSON.stringify({ ...purchase, x: 'y'.repeat(600_000) }));
    const { events, endpoint } = await report(long);

    expect(events).toMatchObject([{ outcome: 'delivered' }]);
    expect(endpoint).toMatchObject({ status: 200, promised: false });
    printed = [];
    expect((await relay(long)).text).toMatch(
      /^The endpoint would answer 200: the payload would be stored\n {2}But [^]*\n\nEvent 1 of 1: would be delivered\n/,
    );
    expect(process.exitCode).toBeUndefined();
  });

  test('counts the event as written in the URL, and the function reads it decoded', async () => {
    const body = file('body.json', { identity: 'a1' });
    const { endpoint } = await report(body);
    printed = [];
    const named = await report(body, '--event', 'Caf%C3%A9');

    expect(named.events).toMatchObject([{ event: { event: 'Café' } }]);
    expect(named.endpoint.bytes).toBe(endpoint.bytes + 'event'.length + 'String'.length + 'Caf%C3%A9'.length);
  });
});
