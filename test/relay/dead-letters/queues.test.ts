import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { discardDeadLetters } from '../../../relay/dead-letters/discard';
import { exportDeadLetters } from '../../../relay/dead-letters/export';
import { listDeadLetters, printList } from '../../../relay/dead-letters/list';
import { redriveAll, redriveSelected } from '../../../relay/dead-letters/redrive';
import { visitDeadLetters } from '../../../relay/dead-letters/visit-dead-letters';
import { personalData } from '../../support/clevertap-fixture';
import { LocalDeadLetters } from '../../support/local-dead-letters';
import { RECEIVED_AT } from '../../support/sqs-record';

/** The commands against a real SQS over the wire. */
let queues: LocalDeadLetters;
let now = 0;
const clock = { now: () => Date.now() + now };

beforeEach(async () => {
  now = 0;
  queues = await LocalDeadLetters.start(clock);
});
afterEach(() => queues.close());

const body = (identity: string, targetId = 7): string =>
  JSON.stringify({ targetId, profiles: [{ identity, event_properties: { note: 'pii' } }] });
const bodies = (count: number): string[] => Array.from({ length: count }, (_, index) => body(`pii-${index}`));
const addAll = (texts: readonly string[], reason?: string): Promise<unknown> =>
  Promise.all(texts.map((text, index) => queues.add(text, { reason, requestId: `r-${index}` })));
const atOnce = { waitSeconds: 0 };
const bodiesOf = (taken: readonly { body: string }[]): string[] => taken.map((letter) => letter.body).sort();

/** Makes the nth call of the operations fail, as a broken connection would, before or after SQS acts. */
function breakCall(sqs: SQSClient, nth: number, when: 'before' | 'after'): () => void {
  let calls = 0;
  const middleware = 'break-call';
  sqs.middlewareStack.add(
    (next) => async (input) => {
      calls += 1;
      if (calls !== nth) return next(input);
      if (when === 'after') await next(input);
      throw new Error('the connection broke');
    },
    { step: 'initialize', name: middleware },
  );
  return () => sqs.middlewareStack.remove(middleware);
}

describe('list', () => {
  // A short poll asks only some of the servers, and may find nothing in a queue that is not empty.
  test('receives by long polls', async () => {
    const waits: unknown[] = [];
    queues.sqs.middlewareStack.add(
      (next) => (args) => {
        if ('WaitTimeSeconds' in args.input) waits.push(args.input.WaitTimeSeconds);
        return next(args);
      },
      { step: 'initialize' },
    );
    await listDeadLetters(queues.deadLetters, { samples: 1, show: false });
    expect(waits).toEqual([1]);
  });

  test('counts by reason and campaign, shows ages, and leaves every dead letter visible', async () => {
    await queues.add(body('pii-1', 7), { events: 3 });
    await queues.add(body('pii-2', 7), { events: 2 });
    await queues.add(body('pii-3', 8));
    now += 7_200_000;
    await queues.add('{"event":"pii"', { reason: 'invalid_json', detail: 'line 1 column 15' });
    await queues.add(JSON.stringify([{ event: 'pii' }, { event: 'pii' }]), { reason: null });

    const list = await listDeadLetters(queues.deadLetters, { samples: 1, show: false, ...atOnce });

    expect(list).toMatchObject({ letters: 5, events: 9, complete: true });
    expect(
      list.groups.map(({ reason, campaign, letters, events }) => [reason, campaign, letters, events]),
    ).toEqual(
      expect.arrayContaining([
        ['placeholder_identity', '7', 2, 5],
        ['placeholder_identity', '8', 1, 1],
        ['invalid_json', 'none', 1, 1],
        ['receives_exhausted', 'none', 1, 2],
      ]),
    );
    const text = printList(list, clock.now(), { samples: 1, show: false });
    expect(text).toContain('5 dead letters with 9 events. The oldest is 2 h old; SQS deletes it in 13 d 2');
    expect(text).toMatch(/ 2 +5 +placeholder_identity +7 +2 h/);
    expect(text).toContain('found: line 1 column 15');
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 5, hidden: 0 });
  });

  test('masks personal data unless --show is given (F66)', async () => {
    await addAll(bodies(3));
    await queues.add('{"identity":"pii",', { reason: 'invalid_json' });

    const masked = await listDeadLetters(queues.deadLetters, { samples: 9, show: false, ...atOnce });
    const full = await listDeadLetters(queues.deadLetters, { samples: 9, show: true, ...atOnce });

    for (const text of [JSON.stringify(masked), printList(masked, 0, { samples: 9, show: false })])
      expect(text).not.toMatch(personalData);
    expect(full.groups[0]?.samples.map((sample) => sample.body).sort()).toEqual(bodies(3));
  });

  test('escapes terminal control characters', async () => {
    await queues.add('{"identity":"a\u009b31m\u202e"}');

    const list = await listDeadLetters(queues.deadLetters, { samples: 1, show: true, ...atOnce });

    expect(printList(list, 0, { samples: 1, show: true })).not.toMatch(/[\u0080-\u009f\u202e]/);
  });

  test('reads more dead letters than one call returns, each once, and makes them visible again when interrupted', async () => {
    await addAll(bodies(35));
    const abort = new AbortController();
    let seen = 0;

    const visit = await visitDeadLetters(
      queues.deadLetters,
      (letters) => {
        seen += letters.length;
        if (seen >= 20) abort.abort();
        return Promise.resolve([]);
      },
      { signal: abort.signal, ...atOnce },
    );

    expect(visit).toEqual({ letters: 20, isComplete: false });
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 35, hidden: 0 });
    expect(await listDeadLetters(queues.deadLetters, { samples: 0, show: false, ...atOnce })).toMatchObject({
      letters: 35,
      complete: true,
    });
  });

  test('makes dead letters visible again when reading them fails', async () => {
    await addAll(bodies(15));

    const failing = visitDeadLetters(queues.deadLetters, () => Promise.reject(new Error('mistake')), atOnce);

    await expect(failing).rejects.toThrow('mistake');
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 15, hidden: 0 });
  });

  test('says that dead letters are being read elsewhere', async () => {
    await addAll(bodies(2));
    queues.service.receiveMessage('dead-letters', { VisibilityTimeout: 60 });
    const list = await listDeadLetters(queues.deadLetters, { samples: 0, show: false, ...atOnce });

    expect(list).toMatchObject({ letters: 1, complete: false });
    expect(printList(list, clock.now(), { samples: 0, show: false })).toContain('being read elsewhere');

    queues.service.receiveMessage('dead-letters', { VisibilityTimeout: 60 });
    expect(await listDeadLetters(queues.deadLetters, { samples: 0, show: false, ...atOnce })).toMatchObject({
      letters: 0,
      complete: false,
    });
  });
});

describe('redrive', () => {
  test('of all names its destination, so that messages from the forwarder move too (F64)', async () => {
    await addAll(bodies(12));

    const redrive = await redriveAll(queues.deadLetters, queues.buffer, { pollMs: 10 });

    expect(redrive).toEqual({ moved: 12, complete: true, note: null });
    expect(bodiesOf(queues.take(queues.buffer))).toEqual(bodies(12).sort());
    expect(queues.take(queues.deadLetters)).toEqual([]);
  });

  test('of all at a rate can be stopped, and the rest stays', async () => {
    await addAll(bodies(12));
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort();
    }, 150);

    const { moved, complete } = await redriveAll(queues.deadLetters, queues.buffer, {
      perSecond: 20,
      pollMs: 10,
      signal: abort.signal,
    });

    expect(complete).toBe(false);
    expect(moved).toBeLessThan(12);
    const [left, arrived] = [queues.take(queues.deadLetters), queues.take(queues.buffer)];
    expect(arrived.length).toBeGreaterThanOrEqual(moved);
    expect(bodiesOf([...left, ...arrived])).toEqual(bodies(12).sort());
    // SQS's task is stopped, too.
    expect(queues.service.listMessageMoveTasks(queues.service.queueArn('dead-letters'))).toMatchObject([
      { Status: 'CANCELLED' },
    ]);
  });

  test('of all does not start beside another', async () => {
    await addAll(bodies(9));
    queues.service.startMessageMoveTask({
      SourceArn: queues.service.queueArn('dead-letters'),
      DestinationArn: queues.service.queueArn('buffer'),
      MaxNumberOfMessagesPerSecond: 1,
    });

    await expect(redriveAll(queues.deadLetters, queues.buffer)).rejects.toThrow(
      /SQS is already redriving this queue/,
    );
  });

  test('of an empty queue moves nothing', async () => {
    expect(await redriveAll(queues.deadLetters, queues.buffer)).toEqual({
      moved: 0,
      complete: true,
      note: null,
    });
  });

  test('of all says that dead letters being read elsewhere stayed, and is incomplete', async () => {
    await addAll(bodies(2));
    await queues.deadLetters.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queues.deadLetters.url, MaxNumberOfMessages: 10 }),
    );

    expect(await redriveAll(queues.deadLetters, queues.buffer)).toEqual({
      moved: 0,
      complete: false,
      note: '2 dead letters are being read elsewhere, e.g. by another redrive, and stayed in the queue. Run the command again in a few minutes.',
    });
  });

  test('of a reason is incomplete while dead letters are being read elsewhere', async () => {
    await addAll(bodies(2));
    queues.service.receiveMessage('dead-letters', { MaxNumberOfMessages: 10, VisibilityTimeout: 60 });

    expect(await redriveSelected(queues.deadLetters, queues.buffer, () => true, atOnce)).toEqual({
      moved: 0,
      complete: false,
      note: 'Not all were read. Run the command again for the rest.',
    });
  });

  test('of all is incomplete if dead letters were received after they were counted', async () => {
    await addAll(bodies(2));
    queues.sqs.middlewareStack.add(
      (next, { commandName }) =>
        (input) => {
          if (commandName === 'StartMessageMoveTaskCommand')
            queues.service.receiveMessage('dead-letters', { VisibilityTimeout: 60 });
          return next(input);
        },
      { step: 'initialize' },
    );

    expect(await redriveAll(queues.deadLetters, queues.buffer, { pollMs: 10 })).toMatchObject({
      moved: 1,
      complete: false,
    });
  });

  test("of a reason keeps the stamps, drops the dead letter's attributes, and leaves the others (F65)", async () => {
    await queues.add(body('pii-1'), { requestId: 'r-1', event: 'Caf%C3%A9' });
    await queues.add(body('pii-2'), { requestId: 'r-2', reason: 'heap_rejected' });

    const redrive = await redriveSelected(
      queues.deadLetters,
      queues.buffer,
      ({ reason }) => reason === 'placeholder_identity',
      atOnce,
    );

    expect(redrive).toEqual({ moved: 1, complete: true, note: null });
    expect(queues.take(queues.buffer)).toEqual([
      {
        body: body('pii-1'),
        attributes: { requestId: 'r-1', receivedAt: String(RECEIVED_AT), event: 'Caf%C3%A9' },
      },
    ]);
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 1, hidden: 0 });
  });

  test('does not circulate dead letters that come back immediately', async () => {
    await addAll(bodies(3));
    // A forwarder that rejects everything again.
    const reject = setInterval(() => {
      for (const letter of queues.take(queues.buffer))
        void queues.add(letter.body, { requestId: letter.attributes['requestId'] });
    }, 1);
    const redrive = await redriveSelected(queues.deadLetters, queues.buffer, () => true, { waitSeconds: 1 });
    clearInterval(reject);

    expect(redrive).toMatchObject({ moved: 3, complete: false });
    expect(redrive.note).toMatch(/^3 dead letters equal to one that was just moved stay/);
  });

  test.each(['before', 'after'] as const)(
    'loses nothing if any call fails %s SQS acts on it (F61)',
    async (when) => {
      const texts = bodies(12);
      for (let nth = 1; ; nth += 1) {
        await addAll(texts);
        const mend = breakCall(queues.sqs, nth, when);
        const outcome = await redriveSelected(queues.deadLetters, queues.buffer, () => true, atOnce).catch(
          () => undefined,
        );
        mend();
        // SQS itself makes messages visible again if the command could not.
        now += 43_200_000;
        const arrived = queues.take(queues.buffer);
        const left = queues.take(queues.deadLetters);
        const kept = new Set(bodiesOf([...arrived, ...left]));
        expect(texts.filter((text) => !kept.has(text))).toEqual([]);
        expect(arrived.every(({ attributes }) => attributes['receivedAt'] === String(RECEIVED_AT))).toBe(
          true,
        );
        if (outcome?.complete === true && left.length === 0) break;
      }
    },
  );

  test('stopped halfway leaves every dead letter in one of the queues', async () => {
    await addAll(bodies(30));
    const abort = new AbortController();

    const { moved, complete } = await redriveSelected(
      queues.deadLetters,
      queues.buffer,
      ({ body: text }) => {
        if (text === body('pii-15')) abort.abort();
        return true;
      },
      { signal: abort.signal, ...atOnce },
    );

    expect(complete).toBe(false);
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 30 - moved, hidden: 0 });
    const both = [...queues.take(queues.deadLetters), ...queues.take(queues.buffer)];
    expect(bodiesOf(both)).toEqual(bodies(30).sort());
  });
});

describe('discard', () => {
  test('deletes dead letters with a reason and leaves the others', async () => {
    await addAll(bodies(12));
    await queues.add(body('pii-x'), { reason: 'heap_rejected' });

    const discard = await discardDeadLetters(queues.deadLetters, {
      reason: 'placeholder_identity',
      ...atOnce,
    });

    expect(discard).toEqual({ letters: 12, narrowed: 0, events: 12, complete: true });
    expect(bodiesOf(queues.take(queues.deadLetters))).toEqual([body('pii-x')]);
  });

  test('of a person narrows a dead letter to the other profiles, with the same stamps (F66)', async () => {
    const profiles = ['pii-a', 'pii-ben', 'pii-ana'].map((identity) => ({ identity }));
    await queues.add(JSON.stringify({ profiles }), { events: 3, requestId: 'r-1', event: 'Sale' });
    await queues.add(body('pii-ana'));
    await queues.add(body('pii-eve'));

    const discard = await discardDeadLetters(queues.deadLetters, { identity: 'PII-ana', ...atOnce });

    expect(discard).toEqual({ letters: 1, narrowed: 1, events: 2, complete: true });
    const left = queues.take(queues.deadLetters);
    expect(bodiesOf(left)).toEqual(
      [JSON.stringify({ profiles: profiles.slice(0, 2) }), body('pii-eve')].sort(),
    );
    expect(
      left.find(({ attributes }) => attributes['requestId'] === 'r-1' && attributes['event'] === 'Sale'),
    ).toMatchObject({
      attributes: { events: '2', reason: 'placeholder_identity', receivedAt: String(RECEIVED_AT) },
    });
  });

  test('is incomplete while dead letters are being read elsewhere', async () => {
    await addAll(bodies(2));
    queues.service.receiveMessage('dead-letters', { VisibilityTimeout: 60 });

    expect(await discardDeadLetters(queues.deadLetters, atOnce)).toMatchObject({
      letters: 1,
      complete: false,
    });
  });

  test('as a dry run counts and deletes nothing', async () => {
    await addAll(bodies(3));

    const discard = await discardDeadLetters(queues.deadLetters, {
      identity: 'pii-1',
      isDryRun: true,
      ...atOnce,
    });

    expect(discard).toEqual({ letters: 1, narrowed: 0, events: 1, complete: true });
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 3, hidden: 0 });
  });

  test.each(['before', 'after'] as const)(
    'of a person keeps everyone else if any call fails %s SQS acts on it (F61, F66)',
    async (when) => {
      const profiles = ['pii-ana', 'pii-ben', 'pii-eve'].map((identity) => ({ identity }));
      for (let nth = 1; ; nth += 1) {
        await queues.add(JSON.stringify({ profiles }), { events: 3 });
        const mend = breakCall(queues.sqs, nth, when);
        const outcome = await discardDeadLetters(queues.deadLetters, {
          identity: 'pii-ana',
          ...atOnce,
        }).catch(() => undefined);
        mend();
        now += 43_200_000;
        const left = queues.take(queues.deadLetters).map((letter) => letter.body);
        for (const name of ['pii-ben', 'pii-eve']) expect(left.join()).toContain(name);
        if (outcome?.complete !== true) continue;
        expect(left).toEqual([JSON.stringify({ profiles: profiles.slice(1) })]);
        break;
      }
    },
  );
});

describe('export', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'export-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('writes every dead letter as a line to a file that only its owner can read, and leaves it in the queue (F66)', async () => {
    await addAll(bodies(12));
    const path = join(folder, 'letters.jsonl');

    expect(await exportDeadLetters(queues.deadLetters, path, atOnce)).toMatchObject({
      written: 12,
      isComplete: true,
    });

    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const letters = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(letters.map((letter) => letter['body']).sort()).toEqual(bodies(12).sort());
    expect(letters[0]).toMatchObject({
      reason: 'placeholder_identity',
      campaign: '7',
      events: 1,
      receivedAt: new Date(RECEIVED_AT).toISOString(),
      pathEvent: null,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 12, hidden: 0 });
  });

  test('does not overwrite a file', async () => {
    const path = join(folder, 'letters.jsonl');
    writeFileSync(path, 'the only copy');

    await expect(exportDeadLetters(queues.deadLetters, path, atOnce)).rejects.toThrow('it already exists');
    expect(readFileSync(path, 'utf8')).toBe('the only copy');
  });
});
