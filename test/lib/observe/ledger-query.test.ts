import { ledgerQuery } from '../../../lib/observe/ledger-query';
import { InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

const [, pattern = ''] = /^filter @message like \/(.*)\/$/.exec(ledgerQuery[0] ?? '') ?? [];

/** The lines that the query selects from what the function really writes. */
const chosen = (lines: readonly string[]): { message: string; campaigns: unknown[] }[] =>
  lines
    .filter((line) => new RegExp(pattern).test(line))
    .map((line) => JSON.parse(line) as { message: string; campaigns: unknown[] });

it('selects the line of each batch but not of its requests, which would count twice', async () => {
  const ports = new InMemoryPorts();
  await ports.forward([sqsRecord({ event: 'Purchase', identity: 'a' }), sqsRecord('{', { messageId: 'm2' })]);

  expect(ports.lines.length).toBeGreaterThan(2);
  expect(chosen(ports.lines).map(({ message }) => message)).toEqual(['batch forwarded']);
  expect(chosen(ports.lines)[0]?.campaigns).not.toEqual([]);
});

it('selects the line of a batch that waits for an app id', async () => {
  const ports = new InMemoryPorts();
  ports.token = undefined;
  await ports.forward([sqsRecord({ event: 'Purchase', identity: 'a' })]);

  expect(chosen(ports.lines)).toEqual([
    expect.objectContaining({ campaigns: [{ event: 'Purchase', outcome: 'received', events: 1 }] }),
  ]);
});

it('cannot be tricked by the name of an event', async () => {
  const ports = new InMemoryPorts();
  await ports.forward([sqsRecord({ event: '"message":"batch forwarded"', identity: 'a' })]);

  expect(chosen(ports.lines)).toHaveLength(1);
});
