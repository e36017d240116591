import { existsSync, readFileSync, statSync } from 'node:fs';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { eventually } from '../support/eventually';
import {
  control,
  eventsOfRound,
  post,
  received,
  round,
  settled,
  sqsOf,
  start,
  summaryOf,
} from '../support/local-stack-account';

test('when stopped in the middle, the account includes what is still queued', async () => {
  const stack = await start('--chaos', '3');
  for (const body of round(1).bodies) await post(stack, body);
  await eventually(async () => {
    expect((await received(stack)).requests).toBeGreaterThan(0);
  }, 60_000);
  await control(stack, { mode: '500' });
  const late = [1, 2, 3].map((n) => JSON.stringify({ identity: `pii-late-${n}`, event: 'Late' }));
  for (const body of late) await post(stack, body);
  const { events } = await received(stack);
  // As npm does, which passes on the Ctrl-C that the terminal has already sent to all processes.
  expect(await stack.end('SIGINT', 'SIGINT')).toBe(0);

  const summary = summaryOf(stack);
  expect(summary).toMatchObject({ requests: 11, accepted: eventsOfRound.accepted + 3 });
  expect(summary.delivered).toBe(events.length);
  expect(summary.queued).toBeGreaterThanOrEqual(3);
  expect(stack.stderr()).toContain('not delivered yet, and gone with this stack');
});

test('without chaos the account is exact, even if someone clears Heap or takes dead letters from the queue', async () => {
  const stack = await start();
  for (const body of round(1).bodies) await post(stack, body);
  const profile = { identity: 'pii-twice@shop.test' };
  await post(stack, JSON.stringify({ key_values: { event: 'Twice' }, profiles: [profile, profile] }));
  await settled(stack);
  await fetch(`${stack.heapUrl}/reset`, { method: 'POST' });
  await sqsOf(stack).send(new PurgeQueueCommand({ QueueUrl: stack.deadLetterQueueUrl }));
  expect(await stack.end('SIGTERM')).toBe(0);

  const { accepted, rejected, ignored } = eventsOfRound;
  expect(summaryOf(stack)).toEqual({
    requests: 9,
    accepted: accepted + 2,
    delivered: accepted - rejected - ignored + 2,
    rejected,
    ignored,
    queued: 0,
  });
  expect(stack.stderr()).toContain('8 rows in Heap: equal events count once');
  for (const reason of ['unrendered_template', 'unknown_shape', 'placeholder_identity', 'invalid_json'])
    expect(stack.stderr()).toMatch(new RegExp(`dead letters: .*1 ${reason}`));
  expect(stack.stderr()).not.toContain('chaos');
});

test('a lost event is reported, and the exit code is 1', async () => {
  const stack = await start();
  await control(stack, { mode: '500' });
  await post(stack, '{"identity":"pii-lost","event":"Purchase"}');
  await eventually(async () => {
    expect((await received(stack)).requests).toBe(1);
  });
  await sqsOf(stack).send(new PurgeQueueCommand({ QueueUrl: stack.queueUrl }));
  expect(await stack.end('SIGINT')).toBe(1);
  expect(stack.stderr()).toContain('1 ≠ 0 + 0 + 0 + 0: 1 accepted event is neither in Heap nor in a queue.');
});

test('an unexplained row in Heap is reported, and the exit code is 1', async () => {
  const stack = await start();
  const row = { identity: 'pii-row', event: 'Purchase', idempotency_key: 'ab'.repeat(32) };
  await fetch(`${stack.heapUrl}/api/track`, {
    method: 'POST',
    body: JSON.stringify({ app_id: stack.appId, events: [row, { ...row, idempotency_key: 'by hand' }] }),
  });
  expect(await stack.end('SIGINT')).toBe(1);
  expect(stack.stderr()).toContain('Heap has 1 more row than the accepted events explain.');
});

test('a second Ctrl-C ends at once', async () => {
  const stack = await start();
  // After a 429 the function waits a minute before it tries again.
  await control(stack, { mode: '429' });
  await post(stack, '{"identity":"pii-slow","event":"Purchase"}');
  await eventually(async () => {
    expect((await received(stack)).requests).toBe(1);
  });
  const ended = stack.end('SIGINT');
  await eventually(async () => {
    await Promise.resolve();
    expect(stack.stderr()).toContain('Press Ctrl-C again to exit now');
  });
  const again = setInterval(() => process.kill(stack.pid, 'SIGINT'), 100);
  try {
    expect(await ended).toBe(130);
  } finally {
    clearInterval(again);
  }
  expect(stack.stderr()).not.toContain('What became of the events');
  expect(existsSync(stack.stackFile)).toBe(false);
});

test('while it runs, its address is in a file that only its owner can read', async () => {
  const stack = await start();
  const { webhookUrl, apiKey, appId, heapUrl, awsUrl, queueUrl, deadLetterQueueUrl, consoleUrl } = stack;
  expect(JSON.parse(readFileSync(stack.stackFile, 'utf8'))).toEqual({
    webhookUrl,
    apiKey,
    appId,
    heapUrl,
    awsUrl,
    queueUrl,
    deadLetterQueueUrl,
    consoleUrl,
    pid: stack.pid,
    others: [],
    stackName: 'ClevertapToHeapLocal',
    outputs: expect.objectContaining({
      WebhookUrl: webhookUrl,
      ApiKeyIdk1: expect.any(String) as string,
      HeapTokensSecret: expect.any(String) as string,
      EventBufferUrl: queueUrl,
      DeadLetterQueueUrl: deadLetterQueueUrl,
    }) as object,
  });
  expect(statSync(stack.stackFile).mode & 0o777).toBe(0o600);
  expect(await stack.end('SIGINT')).toBe(0);
  expect(existsSync(stack.stackFile)).toBe(false);
  expect(stack.stderr()).toContain('No event was accepted.');
});

test('chaos needs the fake Heap', async () => {
  await expect(start('--chaos', '1', '--heap', 'https://heapanalytics.com', '--app-id', '1')).rejects.toThrow(
    'error: --chaos needs the fake Heap; leave out either --heap or --chaos',
  );
});

test('--heap accepts what the settings accept, and never prints a password', async () => {
  const refusal = start('--heap', 'https://ana:pii-pa55@heap.shop.test', '--app-id', '1');

  await expect(refusal).rejects.toThrow('error: --heap must not have credentials; store them in the secret');
  await expect(refusal).rejects.not.toThrow(/pii-pa55/);
});
