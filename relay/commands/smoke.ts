import { randomUUID } from 'node:crypto';
import { isJsonObject, own } from '../../lambda/json';
import { apiKeyNames, outputOf, type Environment } from '../environment/environment';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { interruptible, pause } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';
import { confirm } from '../terminal/question';
import { duration, labelled, visibleText } from '../terminal/terminal-text';
import { WebhookClient } from '../environment/webhook-client';

interface Options extends EnvironmentOptions {
  /** Seconds. */
  readonly timeout: number;
  readonly yes?: boolean;
}

/** One promise that was looked at. */
interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What came instead, or how long it took. */
  readonly found: string;
}

interface Smoke {
  /** The test user, as Heap knows it. */
  readonly identity: string;
  readonly event: string;
  readonly passed: boolean;
  readonly checks: readonly Check[];
}

/** Sends a test event all the way and holds the endpoint to its promises. */
export async function smoke(options: Options): Promise<void> {
  const environment = await openEnvironment(options.env);
  if (!environment.isSandbox && options.yes !== true) {
    await confirm(
      `This sends a test user and two events to the Heap of ${environment.name}, where they stay.`,
    );
  }
  const result = await interruptible((signal) => runSmoke(environment, options.timeout * 1000, signal));
  print(options, result, report(result));
  endWith(result.passed);
}

/** CleverTap's setup ping: stored and ignored, so that a check of the endpoint puts nothing into Heap. */
const ping = JSON.stringify({ is_test: true, profiles: [{ identity: 'smoke' }] });
const pathEvent = 'Caf%C3%A9%20au%20lait';

/** Sends the test events and looks at every promise; the timeout is for their delivery. */
export async function runSmoke(
  environment: Environment,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Smoke> {
  const [keyName] = apiKeyNames(environment);
  if (keyName === undefined) throw new OperatorError(`the stack ${environment.stackName} has no API key`);
  const key = { 'x-api-key': await environment.apiKey(keyName) };
  const json = { 'content-type': 'application/json' };
  const client = new WebhookClient(outputOf(environment, 'WebhookUrl'));
  const checks: Check[] = [];
  const id = randomUUID();
  const [identity, event] = [`smoke-${id}`, `Smoke test ${id.slice(0, 8)}`];

  const expectStatus = async (
    name: string,
    status: number,
    body: string,
    headers: Readonly<Record<string, string>>,
    path?: string,
  ): Promise<string | undefined> => {
    const answer = await client.post(body, headers, path);
    const found =
      answer.status === undefined ? `no answer: ${answer.fault ?? 'unknown'}` : String(answer.status);
    const passed = answer.status === status && (status !== 200 || answer.requestId !== undefined);
    checks.push({ name, passed, found: `${found} in ${duration(answer.milliseconds)}` });
    return passed ? answer.requestId : undefined;
  };

  const sentAt = Date.now();
  const properties = { sent_by: 'relay smoke' };
  const named = await expectStatus(
    'an event is accepted with 200',
    200,
    JSON.stringify({ identity, event, properties }),
    { ...json, ...key },
  );
  // Without a name in the body: if the path did not arrive, this would be rejected.
  const unnamed = await expectStatus(
    `an event named by the path is accepted with 200: /webhook/${pathEvent}`,
    200,
    JSON.stringify({ identity, properties }),
    { ...json, ...key },
    pathEvent,
  );
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
    const header = `${type}; charset=utf-8`;
    await expectStatus(`${header} is accepted with 200`, 200, ping, { 'content-type': header, ...key });
  }
  await expectStatus('no content type is accepted with 200', 200, ping, key);
  await expectStatus('XML is refused with 415', 415, '<ping/>', {
    'content-type': 'application/xml',
    ...key,
  });
  await expectStatus('no API key is refused with 403', 403, ping, json);
  await expectStatus('a wrong API key is refused with 403', 403, ping, { ...json, 'x-api-key': id });
  const tooLong = JSON.stringify({ is_test: true, profiles: [], note: 'x'.repeat(1_100_000) });
  await expectStatus('a body of 1.1 MB is refused with 413', 413, tooLong, { ...json, ...key });
  client.close();

  for (const [name, requestId] of [
    ['the event is delivered', named],
    ['the event named by the path is delivered', unnamed],
  ] as const) {
    if (requestId === undefined) continue;
    checks.push({ name, ...(await follow(environment, requestId, sentAt, sentAt + timeoutMs, signal)) });
  }
  return { identity, event, passed: checks.every(({ passed }) => passed), checks };
}

/** How often the log is looked at: CloudWatch shows a line after some seconds. */
const pollMs = { sandbox: 300, aws: 5000 };

/** Waits until the function's log says what became of a request. */
async function follow(
  environment: Environment,
  requestId: string,
  from: number,
  deadline: number,
  signal: AbortSignal,
): Promise<Pick<Check, 'passed' | 'found'>> {
  for (;;) {
    const lines = (await environment.forwarderLog(from, requestId)).flatMap((line) => readLine(line));
    const rejected = lines.find(({ message }) => message === 'rejected');
    if (rejected !== undefined) {
      return {
        passed: false,
        found: `rejected: ${rejected.reason}, ${rejected.detail}. See docs/reasons.md.`,
      };
    }
    if (lines.some(({ message }) => message === 'settled')) {
      return { passed: true, found: `settled within ${duration(Date.now() - from)}` };
    }
    if (signal.aborted || Date.now() > deadline) {
      return {
        passed: false,
        found: `not settled after ${duration(Date.now() - from)}; "relay status" shows whether it waits. Request id ${requestId}`,
      };
    }
    await pause(environment.isSandbox ? pollMs.sandbox : pollMs.aws, signal);
  }
}

/** A line of the function's log, as far as it tells the fate of a message. */
function readLine(line: string): { message: string; reason: string; detail: string }[] {
  // Lambda may put a time stamp and a request id in front.
  const start = line.indexOf('{');
  try {
    const fields: unknown = JSON.parse(line.slice(Math.max(0, start)));
    if (!isJsonObject(fields)) return [];
    const text = (name: string): string => {
      const value = own(fields, name);
      return typeof value === 'string' ? value : '';
    };
    return [{ message: text('message'), reason: text('reason'), detail: text('detail') }];
  } catch {
    return [];
  }
}

function report({ identity, event, passed, checks }: Smoke): string {
  return [
    ...checks.map(({ name, passed: ok, found }) =>
      labelled(ok ? 'ok' : 'FAILED', visibleText(`${name}: ${found}`), { labelColumns: 10 }),
    ),
    '',
    passed ? 'Every check passed.' : 'Not every check passed.',
    '',
    // F47
    'Heap answers 200 to a wrong app id, too. So look into its Live data feed, under',
    'Data, in the environment that the events are meant for:',
    '',
    labelled('user', identity, { labelColumns: 10 }),
    labelled('events', `"${event}" and "${decodeURIComponent(pathEvent)}"`, { labelColumns: 10 }),
  ].join('\n');
}
