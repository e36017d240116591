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
  readonly door?: boolean;
  /** False with `--no-empty-body`. */
  readonly emptyBody: boolean;
}

/** One promise that was checked. */
interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** The status and how long it took, or what went wrong. */
  readonly found: string;
}

interface Smoke {
  /** The test user in Heap; null if nothing was sent to Heap. */
  readonly identity: string | null;
  readonly event: string | null;
  readonly passed: boolean;
  readonly checks: readonly Check[];
}

/** Sends a test event end to end, or checks only the endpoint with `--door`, and checks the endpoint's promises. */
export async function smoke(options: Options): Promise<void> {
  const environment = await openEnvironment(options);
  if (options.door === true) {
    const door = await interruptible(() => runDoorSmoke(environment, options));
    print(options, door, report(door, options));
    endWith(door.passed);
    return;
  }
  if (!environment.isSandbox && options.yes !== true) {
    await confirm(
      `This sends a test user and two events to the Heap of ${environment.name}, where they stay.`,
    );
  }
  const result = await interruptible((signal) => runSmoke(environment, options.timeout * 1000, signal));
  print(options, result, report(result, { emptyBody: false }));
  endWith(result.passed);
}

/** CleverTap's setup ping. It is stored and then ignored, so a check of the endpoint sends nothing to Heap. */
const ping = JSON.stringify({ is_test: true, profiles: [{ identity: 'smoke' }] });
const pathEvent = 'Caf%C3%A9%20au%20lait';

/** A body of the size that docs/reliability.md promises, in non-ASCII characters of two bytes each. */
const promisedBody = nonAscii(524_288);

function nonAscii(bytes: number): string {
  const before = '{"is_test":true,"profiles":[],"note":"';
  const after = '"}';
  const room = bytes - before.length - after.length;
  // `é` is two bytes in UTF-8; one more byte fills an odd rest.
  return before + 'é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2) + after;
}

/** Posts to the endpoint and records the results as checks. */
class Door {
  readonly checks: Check[] = [];
  private readonly client: WebhookClient;

  private constructor(
    url: string,
    private readonly key: Readonly<Record<string, string>>,
  ) {
    this.client = new WebhookClient(url);
  }

  static async of(environment: Environment): Promise<Door> {
    const [keyName] = apiKeyNames(environment);
    if (keyName === undefined) throw new OperatorError(`the stack ${environment.stackName} has no API key`);
    return new Door(outputOf(environment, 'WebhookUrl'), { 'x-api-key': await environment.apiKey(keyName) });
  }

  /** @returns the request id of an event that was stored as expected */
  async expectStatus(
    name: string,
    status: number,
    body: string,
    headers: Readonly<Record<string, string>>,
    path?: string,
  ): Promise<string | undefined> {
    const answer = await this.client.post(body, headers, path);
    const found =
      answer.status === undefined ? `no answer: ${answer.fault ?? 'unknown'}` : String(answer.status);
    const passed = answer.status === status && (status !== 200 || answer.requestId !== undefined);
    this.checks.push({ name, passed, found: `${found} in ${duration(answer.milliseconds)}` });
    return passed ? answer.requestId : undefined;
  }

  /** Checks what the endpoint must store and refuse, with bodies that never reach Heap. */
  async expectPromises(): Promise<void> {
    const { key } = this;
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const header = `${type}; charset=utf-8`;
      await this.expectStatus(`${header} is accepted with 200`, 200, ping, {
        'content-type': header,
        ...key,
      });
    }
    await this.expectStatus('no content type is accepted with 200', 200, ping, key);
    await this.expectStatus('512 KiB of non-ASCII is accepted with 200', 200, promisedBody, this.json);
    await this.expectStatus('XML is refused with 415', 415, '<ping/>', {
      'content-type': 'application/xml',
      ...key,
    });
    await this.expectStatus('no API key is refused with 403', 403, ping, json);
    await this.expectStatus('a wrong API key is refused with 403', 403, ping, {
      ...json,
      'x-api-key': randomUUID(),
    });
    const tooLong = JSON.stringify({ is_test: true, profiles: [], note: 'x'.repeat(1_100_000) });
    await this.expectStatus('a body of 1.1 MB is refused with 413', 413, tooLong, this.json);
  }

  get json(): Readonly<Record<string, string>> {
    return { ...json, ...this.key };
  }

  close(): void {
    this.client.close();
  }
}

const json = { 'content-type': 'application/json' };

/**
 * Checks the endpoint alone. Nothing reaches Heap, so this needs no app id. Without one, the stored pings wait, because
 * the function reads no message before it has an app id.
 *
 * @param emptyBody whether to send an empty body as well, which becomes a dead letter
 */
export async function runDoorSmoke(
  environment: Environment,
  { emptyBody }: Pick<Options, 'emptyBody'>,
): Promise<Smoke> {
  const door = await Door.of(environment);
  await door.expectPromises();
  // It leaves a dead letter, so neither the full test nor the check after each deployment sends it.
  if (emptyBody) await door.expectStatus('an empty body is accepted with 200', 200, '', door.json);
  door.close();
  return {
    identity: null,
    event: null,
    passed: door.checks.every(({ passed }) => passed),
    checks: door.checks,
  };
}

/** Sends the test events and checks every promise; the timeout applies to their delivery. */
export async function runSmoke(
  environment: Environment,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Smoke> {
  const door = await Door.of(environment);
  const id = randomUUID();
  const [identity, event] = [`smoke-${id}`, `Smoke test ${id.slice(0, 8)}`];
  const sentAt = Date.now();
  const properties = { sent_by: 'relay smoke' };
  const named = await door.expectStatus(
    'an event is accepted with 200',
    200,
    JSON.stringify({ identity, event, properties }),
    door.json,
  );
  // The body has no event name, so this is rejected unless the path arrives.
  const unnamed = await door.expectStatus(
    `an event named by the path is accepted with 200: /webhook/${pathEvent}`,
    200,
    JSON.stringify({ identity, properties }),
    door.json,
    pathEvent,
  );
  await door.expectPromises();
  door.close();

  const { checks } = door;
  for (const [name, requestId] of [
    ['the event is delivered', named],
    ['the event named by the path is delivered', unnamed],
  ] as const) {
    if (requestId === undefined) continue;
    checks.push({ name, ...(await follow(environment, requestId, sentAt, sentAt + timeoutMs, signal)) });
  }
  return { identity, event, passed: checks.every(({ passed }) => passed), checks };
}

/** How often the log is polled. CloudWatch shows a line after a few seconds. */
const pollMs = { sandbox: 300, aws: 5000 };

/** Waits until the function's log has the outcome of a request. */
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
        found: `not settled after ${duration(Date.now() - from)}; "relay status" shows whether it is waiting. Request id ${requestId}`,
      };
    }
    await pause(environment.isSandbox ? pollMs.sandbox : pollMs.aws, signal);
  }
}

/** The fields of a log line that give the outcome of a message. */
function readLine(line: string): { message: string; reason: string; detail: string }[] {
  // Lambda may prefix a timestamp and a request id.
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

export function report(
  { identity, event, passed, checks }: Smoke,
  { emptyBody }: Pick<Options, 'emptyBody'>,
): string {
  return [
    ...checks.map(({ name, passed: ok, found }) =>
      labelled(ok ? 'ok' : 'FAILED', visibleText(`${name}: ${found}`), { labelColumns: 10 }),
    ),
    '',
    passed ? 'Every check passed.' : 'Not every check passed.',
    '',
    ...(identity === null || event === null
      ? [
          ...(emptyBody
            ? [
                'Nothing was sent to Heap. The empty body becomes one dead letter, unknown_shape, which the alarms',
                'count; --no-empty-body leaves it out. All other bodies are setup pings, which are ignored.',
              ]
            : ['Nothing was sent to Heap: the bodies are setup pings, which are ignored.']),
          'Until the app id is stored they wait, and the alarm SecretError pages.',
        ]
      : [
          'Heap also answers 200 to a wrong app id. So check its Live data feed, under Data,',
          'in the environment that the events are meant for:',
          '',
          labelled('user', identity, { labelColumns: 10 }),
          labelled('events', `"${event}" and "${decodeURIComponent(pathEvent)}"`, { labelColumns: 10 }),
        ]),
  ].join('\n');
}
