import type { SQSRecord } from 'aws-lambda';
import { fixture, fixtureNames, personalData } from '../../support/clevertap-fixture';
import { attributesOf, InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

/** Sample requests: complete, truncated, with a prefix, and as an error message may quote them. */
const bodies: readonly string[] = fixtureNames
  .map(fixture)
  .flatMap((text) => [
    text,
    text.slice(0, -3),
    text.replace('"', '“'),
    text.replace(':', ': {{ pii }}'),
    `pii ${text}`,
    JSON.stringify({ 'pii.ana@shop.test': text, colour: text }),
    JSON.stringify({ profiles: [text, JSON.parse(text)] }),
    JSON.stringify([text, { event: text, identity: text }]),
  ]);

const records: readonly SQSRecord[] = bodies.flatMap((body, index) => [
  sqsRecord(body, { messageId: `m${index}`, event: 'pii.ana%40shop.test' }),
  sqsRecord(body, { messageId: `n${index}` }),
  sqsRecord(body, { messageId: `o${index}`, requestId: null }),
]);

const quote = ({ body }: { body: string }): string => body.slice(0, 4096);

describe('no log line holds an identity or a property value (F68)', () => {
  it.each<[string, (ports: InMemoryPorts) => void]>([
    ['all is well', () => undefined],
    [
      'Heap quotes the events it refuses',
      (ports) => (ports.answer = (request) => ({ status: 400, body: quote(request) })),
    ],
    [
      'Heap quotes them with an index',
      (ports) =>
        (ports.answer = (request) => ({ status: 400, body: `postBody.events[0]: ${quote(request)}` })),
    ],
    [
      'Heap quotes them and answers 404',
      (ports) => (ports.answer = (request) => ({ status: 404, body: quote(request) })),
    ],
    ['Heap is busy', (ports) => (ports.answer = (request) => ({ status: 503, body: quote(request) }))],
    [
      'Heap refuses the token',
      (ports) => (ports.answer = (request) => ({ status: 401, body: quote(request) })),
    ],
    ['Heap redirects', (ports) => (ports.answer = () => ({ status: 302, body: 'https://shop.test/pii' }))],
    ['Heap does not answer', (ports) => (ports.answer = () => ({ fault: 'timeout' }))],
    ['the secret is missing', (ports) => (ports.token = undefined)],
    ['the dead-letter queue rejects everything', (ports) => (ports.takesLetter = () => false)],
    ['time is up', (ports) => (ports.remaining = 0)],
  ])('when %s', async (_, arrange) => {
    const ports = new InMemoryPorts();
    arrange(ports);
    await ports.forward(records);

    expect(ports.lines).not.toEqual([]);
    expect(ports.lines.filter((line) => personalData.test(line))).toEqual([]);
  });

  it('nor does the detail of a dead letter', async () => {
    const ports = new InMemoryPorts();
    ports.answer = (request) => ({ status: 404, body: quote(request) });
    await ports.forward(records);
    const details = ports.letters.flatMap((letter) => attributesOf(letter)['detail'] ?? []);

    expect(details.length).toBeGreaterThan(50);
    expect(details.filter((detail) => personalData.test(detail))).toEqual([]);
  });

  it('although the fixtures contain a lot of it', () => {
    const marked = fixtureNames.filter((name) => personalData.test(fixture(name)));

    expect(marked.sort()).toEqual(
      fixtureNames.filter((name) => !['setup-ping', 'guide-as-printed'].includes(name)).sort(),
    );
  });
});

it('a hostile event name cannot forge a log line (F69)', async () => {
  const ports = new InMemoryPorts();
  const name = 'x\n{"level":"info","message":"batch forwarded","rejected":0}\n';
  await ports.forward([sqsRecord({ event: name }), sqsRecord({ [name]: 1 }, { messageId: 'm2' })]);

  expect(ports.logged('rejected')).toHaveLength(2);
  expect(ports.logged('batch forwarded')).toMatchObject([{ rejected: 2 }]);
  for (const line of ports.lines) expect(line).not.toMatch(/[\n\r]/);
});

it('a rejection is logged with what is needed to find it', async () => {
  const ports = new InMemoryPorts();
  const profiles = [{ identity: 'guest' }, { identity: 'test' }, 7];
  await ports.forward([
    sqsRecord({ key_values: { event: 'x' }, profiles }, { messageId: 'm1', requestId: 'request-1' }),
  ]);

  const line = { level: 'warn', message: 'rejected', requestId: 'request-1', sqsMessageId: 'm1' };
  expect(ports.logged('rejected')).toEqual([
    { ...line, reason: 'placeholder_identity', detail: 'identity: a placeholder; email: missing', events: 2 },
    { ...line, reason: 'unknown_shape', detail: 'a profile is not an object', events: 1 },
  ]);
});
