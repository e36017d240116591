import fc from 'fast-check';
import { startApiGateway, type RunningApiGateway } from '../../local/api-gateway/server';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import { randomOf } from '../../local/random';
import type { RunningServer } from '../../local/http-server';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { readTemplate } from '../../local/template';
import { fixture, fixtureNames } from '../support/clevertap-fixture';
import { hostileBody } from '../support/hostile-body';
import { deadLettersOf } from '../support/simulation/account';
import { SimulatedHeap } from '../support/simulation/heap';
import { bufferName, Pipeline } from '../support/simulation/pipeline';
import { VirtualTime } from '../support/simulation/virtual-time';
import { synthesizedTemplate } from '../support/synthesized';

/** Arbitrary requests through the synthesized endpoint and the forwarder behind it. */
const time = new VirtualTime(Date.now());
const heap = new SimulatedHeap({ time, latencyMs: () => 50 });
const pipeline = new Pipeline({ time, heap, random: randomOf('fuzz'), windowMs: 1000 });
let aws: RunningServer;
let gateway: RunningApiGateway;

beforeAll(async () => {
  aws = await startAwsEndpoint({ port: 0, sqs: pipeline.sqs, secrets: new SecretsManagerService() });
  gateway = await startApiGateway({
    port: 0,
    template: readTemplate(synthesizedTemplate('settings').toJSON()),
    deployment: {
      region: pipeline.sqs.region,
      accountId: pipeline.sqs.accountId,
      stackName: 'Test',
      attributes: (_, attribute) => (attribute === 'QueueName' ? bufferName : attribute),
    },
    sqsEndpoint: aws.origin,
  });
  pipeline.start();
});

afterAll(async () => {
  pipeline.stop();
  await time.run(180_000);
  await gateway.close();
  await aws.close();
});

const counted = ['EventsReceived', 'EventsDelivered', 'EventsRejected', 'EventsIgnored'] as const;
const sums = (): number[] => counted.map((name) => pipeline.metrics.get(name) ?? 0);

/** Without fixtures that contain their own id, which makes two requests one event whatever else they contain. */
const withoutIds = fixtureNames.filter((name) => !/event_id|message_id|idempotency_key/i.test(fixture(name)));

/** A sample request with some bytes overwritten, removed or inserted. */
const mutatedFixture = fc
  .tuple(
    fc.constantFrom(...withoutIds),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'cut', 'insert'), fc.uint8Array({ maxLength: 4 })), {
      maxLength: 5,
    }),
  )
  .map(([name, edits]) =>
    edits.reduce(
      (bytes, [at, edit, with_]) => {
        const start = at % (bytes.length + 1);
        const end = edit === 'insert' ? start : start + (edit === 'set' ? with_.length : (at % 40) + 1);
        return Buffer.concat([
          bytes.subarray(0, start),
          edit === 'cut' ? Buffer.of() : with_,
          bytes.subarray(end),
        ]);
      },
      Buffer.from(fixture(name)),
    ),
  );

const body = fc.oneof(
  { weight: 3, arbitrary: mutatedFixture },
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  hostileBody.map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
);

const contentType = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/xml',
  'text/json',
);

test('any bytes result in a 4xx, or in a 200 with every event accounted for (F06, F11, F12, F16, F24, F29, F34)', async () => {
  const seen = new Map<number, number>();
  const fates = [0, 0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      body,
      contentType,
      fc.option(fc.string({ minLength: 1 })),
      async (bytes, type, event) => {
        const path =
          event === null || !event.isWellFormed() || /^\.{1,2}$/.test(event)
            ? ''
            : `/${encodeURIComponent(event)}`;
        const before = sums();
        const rows = heap.rows.size + heap.duplicates;
        const deadLettered = eventsInDeadLetters();
        const response = await fetch(`${gateway.origin}/v1/webhook${path}`, {
          method: 'POST',
          headers: { 'content-type': type, 'x-api-key': [...gateway.apiKeys.values()][0] ?? '' },
          body: bytes,
        });
        await response.arrayBuffer();
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        expect(response.status === 200 || Math.floor(response.status / 100) === 4).toBe(true);
        expect(pipeline.queued).toBe(response.status === 200 ? 1 : 0);

        expect(await pipeline.drain(3_600_000, 10_000)).toBe(true);
        const [received = 0, delivered = 0, rejected = 0, ignored = 0] = sums().map(
          (sum, index) => sum - before[index]!,
        );
        expect(received > 0).toBe(response.status === 200);
        expect(delivered + rejected + ignored).toBe(received);
        expect(heap.rows.size + heap.duplicates - rows).toBe(delivered);
        expect(eventsInDeadLetters() - deadLettered).toBe(rejected);
        [received, delivered, rejected, ignored].forEach((count, index) => (fates[index]! += count));
      },
    ),
    {
      numRuns: 200,
      // Ensures that each outcome occurs.
      examples: [
        ...['setup-ping', 'stock-lower-case', 'broadcast-with-placeholder'].map(
          (name): [Buffer, string, null] => [Buffer.from(fixture(name)), 'application/json', null],
        ),
        [Buffer.from([0x7b, 0x01, 0x7d]), 'text/plain', null],
        [Buffer.from('{}'), 'application/xml', null],
      ],
    },
  );
  expect([pipeline.violations, heap.violations]).toEqual([[], []]);
  // Every outcome occurred, so none passed only because it was never seen.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 415]));
  expect(fates.every((count) => count > 0)).toBe(true);
}, 120_000);

const eventsInDeadLetters = (): number =>
  deadLettersOf(pipeline).reduce((sum, { events }) => sum + events, 0);
