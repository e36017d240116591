import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  previewPayload,
  type EventPreview,
  type PreviewContext,
  type PreviewReport,
} from '../../relay/preview/preview';
import { printReport } from '../../relay/preview/print-preview';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import { noMapping, type MappingRule, type MappingSettings } from '../../lambda/mapping/rule-format';
import { environmentNames } from '../../lib/config/environments';
import { fixture } from '../support/clevertap-fixture';
import { runRelayHere } from '../support/relay-in-process';
import { runRelay } from '../support/relay-process';

const receivedAt = Date.parse('2026-11-24T10:00:00.000Z');

const contextOf = (
  settings: Partial<MappingSettings> = {},
  context: Partial<PreviewContext> = {},
): PreviewContext => ({
  appId: undefined,
  receivedAt,
  requestId: 'preview',
  identityOrder: ['identity', 'email'],
  dedupeWindowMs: 600_000,
  mapping: compileMapping({ ...noMapping, ...settings }, createLiquid().parse),
  sha256: (value) => hash('sha256', value),
  ...context,
});

const preview = (payload: unknown, context = contextOf(), pathEvent?: string): PreviewReport =>
  previewPayload(typeof payload === 'string' ? payload : JSON.stringify(payload), pathEvent, context);

const only = ({ events }: PreviewReport): EventPreview => {
  expect(events).toHaveLength(1);
  return events[0]!;
};

const outcomes = ({ events }: PreviewReport): string[] => events.map(({ outcome }) => outcome);

/** The printed lines except those of the requests, whose values are shown in full. */
const prose = (report: PreviewReport): string[] => printReport({ ...report, requests: [] }).split('\n');

/** Joins the lines of a text, to compare sentences regardless of wrapping. */
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ');

describe('the outcome of a payload', () => {
  test("the guide's payload, rendered, is one event by the default mapping", () => {
    const report = preview(fixture('guide-rendered'));

    const event = {
      event: 'Purchase',
      identity: 'pii.ana@shop.test',
      timestamp: '2026-11-24T10:00:00.000Z',
      idempotency_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      properties: { item_names: 'pii-watch', value: '77777', campaign_name: 'pii Cart Reminder Push' },
    };
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      events: [
        {
          index: 0,
          outcome: 'delivered',
          rule: null,
          event,
          changes: [],
          reason: null,
          detail: null,
          userProperties: null,
        },
      ],
      requests: [{ method: 'POST', path: '/api/track', body: { app_id: 'REPLACE_ME', events: [event] } }],
    });
    const text = printReport(report);
    expect(text).toContain('  Rule      default mapping\n  Changes   none\n');
    expect(text).toContain(`POST /api/track\n${JSON.stringify(report.requests[0]?.body, null, 2)}`);
  });

  test("the guide's payload as printed is rejected, with what to do about it", () => {
    const report = preview(fixture('guide-as-printed'));

    expect(only(report)).toMatchObject({
      outcome: 'rejected',
      reason: 'unrendered_template',
      detail: 'identity still holds a template',
    });
    expect(report.requests).toEqual([]);
    expect(unwrapped(printReport(report))).toContain(
      'If this body is copied from the campaign editor, it still holds its templates',
    );
  });

  test('of three profiles, only the placeholder is rejected', () => {
    const report = preview(fixture('broadcast-with-placeholder'));

    expect(outcomes(report)).toEqual(['delivered', 'rejected', 'delivered']);
    expect(report.events[1]).toMatchObject({
      index: 1,
      event: null,
      reason: 'placeholder_identity',
      detail: 'identity: a placeholder; email: a placeholder',
    });
    expect(report.requests).toHaveLength(1);
    expect(report.requests[0]?.body).toMatchObject({
      events: [{ identity: 'pii-cust-1' }, { identity: 'pii-cust-3' }],
    });
    expect(printReport(report)).toMatch(/^3 events: 2 delivered, 1 rejected\n/);
    expect(printReport(report)).toContain(
      '\nEvent 2 of 3: would be rejected\n  Reason    placeholder_identity\n',
    );
  });

  test('the setup ping is ignored', () => {
    const report = preview(fixture('setup-ping'));

    expect(only(report)).toMatchObject({ outcome: 'ignored', event: null, reason: null });
    expect(report.requests).toEqual([]);
    expect(printReport(report)).toMatch(
      /^Event 1 of 1: would be ignored\n {2}Because {3}CleverTap sends this/,
    );
  });

  test.each([
    ['a trailing comma', '{"event":"Buy",}', 'invalid_json', /^line 1 column 16: a closing bracket/],
    ['typographic quotes', '{\n  “event”: 1}', 'invalid_json', /^line 2 column 3: a typographic quote/],
    ['no body, which API Gateway hands on as {}', '', 'unknown_shape', /the body is empty$/],
    ['other fields', '{"foo":1}', 'unknown_shape', /keys found: foo$/],
    ['a text', '"Purchase"', 'unknown_shape', /^the body is a string/],
  ])('%s is rejected as a whole', (_, body, reason, detail) => {
    const report = preview(body);

    expect(only(report)).toMatchObject({
      outcome: 'rejected',
      reason,
      detail: expect.stringMatching(detail) as string,
    });
    expect(report.requests).toEqual([]);
    expect(printReport(report)).toMatch(/\n {2}To do {5}(Correct|Choose) /);
  });

  test('an unreadable element does not affect its neighbours', () => {
    expect(outcomes(preview([1, { event: 'Buy', identity: 'a1' }]))).toEqual(['rejected', 'delivered']);
  });

  test('the event name in the URL is used', () => {
    const report = preview(fixture('journey-node'), contextOf(), 'Add to cart');

    expect(only(report).event?.event).toBe('Add to cart');
  });

  test("splits requests at Heap's limit of events", () => {
    const profiles = Array.from({ length: 1001 }, (_, index) => ({ identity: `a${index}` }));
    const { requests } = preview({ key_values: { event: 'Buy' }, profiles });

    expect(requests.map(({ body }) => (body as { events: unknown[] }).events.length)).toEqual([1000, 1]);
  });
});

describe('rules', () => {
  const rule: MappingRule = {
    name: 'purchase',
    when: { event: 'Purchase' },
    send: {
      app_id: 99,
      event: 'Bought',
      properties: { price: '{{ Event.price }}', kind: '{% if Event.secret %}{% abort %}{% endif %}shop' },
    },
    types: { price: 'number' },
    userProperties: { plan: '{{ Profile.plan }}' },
  };
  const context = contextOf({ rules: [rule] });
  const purchase = (eventProperties: object, profile: object = {}): object => ({
    key_values: { event: 'Purchase' },
    profiles: [{ identity: 'a1', event_properties: eventProperties, ...profile }],
  });

  test('the rule is named, with its changes and user properties', () => {
    const report = preview(purchase({ price: 'dear' }, { plan: 'gold' }), context);

    expect(only(report)).toMatchObject({
      outcome: 'delivered',
      rule: 'purchase',
      event: { event: 'Bought', properties: { kind: 'shop' } },
      changes: [{ change: 'type_mismatch', property: 'price' }],
      userProperties: { plan: 'gold' },
    });
    const text = printReport(report);
    expect(text).toContain('\n  Rule      purchase\n  Changes   type_mismatch: "price"\n');
    expect(text).toContain('\n  User      gets "plan"\n');
  });

  test('each user is sent once, with the last value of each property', () => {
    const users = [
      { identity: 'a1', plan: 'gold' },
      { identity: 'a2', plan: 'iron' },
      { identity: 'a1', plan: 'tin' },
    ];
    const { requests } = preview({ key_values: { event: 'Purchase' }, profiles: users }, context);

    expect(requests.map(({ path }) => path)).toEqual(['/api/track', '/api/add_user_properties']);
    expect(requests[1]?.body).toEqual({
      app_id: 'REPLACE_ME',
      users: [
        { identity: 'a1', properties: { plan: 'tin' } },
        { identity: 'a2', properties: { plan: 'iron' } },
      ],
    });
  });

  test('an event that a rule leaves out is ignored', () => {
    const report = preview(purchase({ secret: true }), context);

    expect(only(report)).toMatchObject({ outcome: 'ignored', rule: 'purchase', event: null });
    expect(printReport(report)).toContain('  Rule      purchase\n  Because   the rule leaves it out');
  });

  test("the environment's rejected identities and campaign names apply", () => {
    const own = contextOf({ campaigns: { '7': 'Reminder' }, deniedIdentities: ['staff-*'] });
    const report = preview({ targetId: 7, profiles: [{ identity: 'a1' }, { identity: 'staff-1' }] }, own);

    expect(report.events).toMatchObject([
      { event: { event: 'Reminder' } },
      { reason: 'placeholder_identity' },
    ]);
  });
});

describe('the app id', () => {
  const body = { app_id: '11', identity: 'a1', event: 'Buy' };

  test('is in the requests', () => {
    expect(preview(body, contextOf({}, { appId: '11' })).requests[0]?.body).toMatchObject({ app_id: '11' });
  });

  test('of a payload or a rule is compared only with a known one', () => {
    const rules: MappingRule[] = [{ name: 'buy', when: { event: 'Buy' }, send: { app_id: 12 } }];

    for (const settings of [{}, { rules }]) {
      expect(outcomes(preview(body, contextOf(settings)))).toEqual(['delivered']);
      expect(only(preview(body, contextOf(settings, { appId: '13' }))).reason).toBe('app_id_mismatch');
    }
  });

  test('that is a placeholder is a change', () => {
    expect(only(preview({ ...body, app_id: '<app id>' })).changes).toEqual([
      { change: 'app_id_placeholder', property: 'app_id' },
    ]);
  });
});

describe('a printed report', () => {
  const troubled = preview({
    key_values: { event: 'Buy\u009B31m', id: 'x' },
    profiles: [
      {
        identity: 'a1',
        key_values: { timestamp: 'yesterday', event_id: 'null' },
        event_properties: {
          note: null,
          other: [],
          name: '{{ Profile.Name }}',
          long: 'x'.repeat(1100),
          bell: 'a\u0007',
          turned: 'a\u202E',
          ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`empty number ${index}`, null])),
        },
      },
    ],
  });

  test('explains each kind of change once, after the names of the properties', () => {
    const text = unwrapped(printReport(troubled));

    expect(text).toContain('value_dropped: "note", "other", "empty number 0", ');
    expect(text.split('There is no value').length - 1).toBe(1);
    for (const change of [
      'unrendered_value: "name"',
      'value_truncated: "long"',
      'text_repaired: "bell", "event"',
    ]) {
      expect(text).toContain(`${change} `);
    }
    expect(text).toContain('name_reserved: "id" Heap reserves this name.');
    expect(text).toContain('timestamp_replaced: "timestamp" This time cannot be used');
    expect(text).toContain('explicit_id_ignored: "event_id" The id does not distinguish');
  });

  test('fits 80 columns', () => {
    const broken = ['{"event":"Buy",}', '{"identity":"a1"}', '{"event":"Buy","identity":1e30}'];

    for (const report of [troubled, ...broken.map((body) => preview(body))]) {
      expect(prose(report).filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test('escapes control characters, and is still the same JSON', () => {
    const text = printReport(troubled);

    expect(text).not.toMatch(/[^\n\u0020-\u007E…]/);
    expect(JSON.parse(text.slice(text.indexOf('{\n')))).toEqual(troubled.requests[0]?.body);
  });
});

describe('npm run relay -- preview', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'preview-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const run = (
    args: string[],
    options?: Parameters<typeof runRelayHere>[1],
  ): ReturnType<typeof runRelayHere> => runRelayHere(['preview', ...args], options);

  test('is wired to npm run relay, with its output streams and exit code', async () => {
    const good = await runRelay(['preview', '--json', '-'], { input: fixture('broadcast-with-placeholder') });
    expect(outcomes(JSON.parse(good.stdout) as PreviewReport)).toEqual([
      'delivered',
      'rejected',
      'delivered',
    ]);
    expect({ code: good.code, stderr: good.stderr }).toEqual({ code: 1, stderr: '' });

    const wrong = await runRelay(['preview', 'nope.json']);
    expect(wrong).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: cannot read nope.json: it does not exist\n',
    });
  });

  test('prints a file and ends with 0', async () => {
    const { code, stdout, stderr } = await run([
      'test/fixtures/clevertap/guide-rendered.json',
      '--app-id',
      '11',
    ]);

    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Event 1 of 1: would be delivered\n[^]*"app_id": "11"[^]*\nNothing was sent\./);
    expect(stdout).not.toContain('REPLACE_ME');
    expect(code).toBe(0);
  });

  test('with --json prints one document from standard input and ends with 1 for a rejection', async () => {
    const input = fixture('broadcast-with-placeholder');
    const { code, stdout } = await run(['--json', '-'], { input });

    const report = JSON.parse(stdout) as PreviewReport;
    expect(outcomes(report)).toEqual(['delivered', 'rejected', 'delivered']);
    expect(Object.keys(report)).toEqual(['events', 'requests', 'endpoint']);
    expect(code).toBe(1);
  });

  test('reads standard input without a file, and the event as written in a URL', async () => {
    const { code, stdout } = await run(['--event', 'Add%20to%20cart', '--env', 'prod'], {
      input: fixture('journey-node'),
    });

    expect(stdout).toContain('  Name      "Add to cart"\n');
    expect(stdout).toContain('settings of the environment prod.');
    expect(code).toBe(0);
  });

  test('resolves a file from the folder in which npm was called', async () => {
    writeFileSync(join(folder, 'ping.json'), fixture('setup-ping'));

    const env = { npm_lifecycle_event: 'relay', INIT_CWD: folder };
    expect(await run(['ping.json'], { env })).toMatchObject({ code: 0, stderr: '' });
  });

  test('a mistake in a file of --rule is wrong usage, with its position and the file as given', async () => {
    writeFileSync(join(folder, 'ping.json'), fixture('setup-ping'));
    writeFileSync(
      join(folder, 'rule.json'),
      '{\n  "when": { "event": "A" },\n  "send": { "identity": 5 }\n}',
    );
    const env = { npm_lifecycle_event: 'relay', INIT_CWD: folder };
    const { code, stdout, stderr } = await run(['ping.json', '--rule', 'rule.json'], { env });

    expect(stderr).toBe('error: rule.json:3:25: send.identity: must be a string, which may be a template\n');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test.each([
    [['--env', 'nope'], `error: unknown environment "nope"; known: ${environmentNames().join(', ')}\n`],
    [['nope.json'], 'error: cannot read nope.json: it does not exist\n'],
    [['test'], 'error: cannot read test: it is a folder\n'],
    [['--app-id', 'x'], 'A Heap app id consists of digits.\n'],
    [['--event', 'a/b'], 'In a URL write "/" as %2F'],
    [['--rule', 'nope.json'], 'error: cannot read nope.json: it does not exist\n'],
    [['--unknown'], "error: unknown option '--unknown'\n"],
  ])('%j is wrong usage and ends with 2', async (args, message) => {
    const { code, stdout, stderr } = await run(args);

    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
