import { compileMapping } from '../../../lambda/mapping/mapping';
import { createLiquid } from '../../../lambda/mapping/liquid';
import type { MappingRule } from '../../../lambda/mapping/rule-format';
import type { Letter } from '../../../lambda/forwarder/dead-letter';
import type { HeapAnswer } from '../../../lambda/heap/outcome';
import { invalidReason, invalidUsersReason } from '../../../local/heap/rules';
import { attributesOf, InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

const rule: MappingRule = {
  name: 'profile',
  when: { event: 'Purchase' },
  send: {},
  userProperties: { plan: '{{ Profile.plan }}', city: '{{ Profile.city }}' },
};

interface Sent {
  readonly path: string;
  readonly events: { readonly identity: string }[];
  readonly users: { readonly identity: string; readonly properties: object }[];
}

/** Forwards one message of profiles and returns what was sent where. */
async function forward(
  profiles: object[],
  answer: (path: string) => HeapAnswer = () => ({ status: 200, body: '' }),
  rules = [rule],
): Promise<{ sent: Sent[]; kept: number; letters: Letter[] }> {
  const sent: Sent[] = [];
  const ports = new InMemoryPorts();
  ports.answer = ({ path, body }) => {
    const json = JSON.parse(body) as Omit<Sent, 'path'>;
    expect(path === '/api/track' ? invalidReason(json) : invalidUsersReason(json)).toBeUndefined();
    sent.push({ ...json, path });
    return answer(path);
  };
  const mapping = compileMapping({ rules, campaigns: {}, deniedIdentities: [] }, createLiquid().parse);
  const record = sqsRecord({ key_values: { event: 'Purchase' }, profiles });
  ports.rules = { identityOrder: ['identity'], dedupeWindowMs: 600_000, mapping };
  const kept = await ports.forward([record]);
  return { sent, kept: kept.length, letters: ports.letters };
}

test('without a rule that sets them, no call is made (F43)', async () => {
  const { sent } = await forward([{ identity: 'c-1', plan: 'gold' }], undefined, []);
  expect(sent.map(({ path }) => path)).toEqual(['/api/track']);
});

test('they are sent in bulk after the events, once per user, with the last value in the batch', async () => {
  const { sent, kept } = await forward([
    { identity: 'c-1', plan: 'free', city: 'Pune' },
    { identity: 'c-2', plan: 'gold' },
    { identity: 'c-1', plan: 'gold' },
  ]);
  expect(kept).toBe(0);
  expect(sent.map(({ path }) => path)).toEqual(['/api/track', '/api/add_user_properties']);
  expect(sent[1]?.users).toEqual([
    { identity: 'c-1', properties: { plan: 'gold', city: 'Pune' } },
    { identity: 'c-2', properties: { plan: 'gold' } },
  ]);
});

test('a request has at most 1000 users', async () => {
  const { sent } = await forward(
    Array.from({ length: 1500 }, (_, user) => ({ identity: `c-${user}`, plan: 'gold' })),
  );
  const requests = sent.filter(({ path }) => path === '/api/add_user_properties');
  expect(requests.map(({ users }) => users.length)).toEqual([1000, 500]);
});

test("an event waits for its user's properties", async () => {
  const { kept } = await forward([{ identity: 'c-1', plan: 'gold' }], (path) => ({
    status: path === '/api/track' ? 200 : 503,
    body: '',
  }));
  expect(kept).toBe(1);
});

test('a refused user is dead-lettered alone', async () => {
  let calls = 0;
  const { sent, kept, letters } = await forward(
    ['c-1', 'c-2', 'c-3'].map((identity) => ({ identity, plan: 'gold' })),
    (path) => {
      if (path === '/api/track') return { status: 200, body: '' };
      calls += 1;
      return calls === 1
        ? { status: 400, body: 'postBody.users[1].properties should be object' }
        : { status: 200, body: '' };
    },
  );
  expect(kept).toBe(0);
  expect(sent.at(-1)?.users.map(({ identity }) => identity)).toEqual(['c-1', 'c-3']);
  expect(letters.map(attributesOf)).toMatchObject([
    {
      reason: 'heap_rejected',
      events: '1',
      detail: 'Heap answered 400: postBody.users[1].properties should be object',
    },
  ]);
  expect(JSON.parse(letters[0]?.body ?? '')).toMatchObject({ profiles: [{ identity: 'c-2' }] });
});

test('nothing is sent for users whose events are not delivered', async () => {
  const { sent } = await forward([{ identity: 'c-1', plan: 'gold' }], () => ({ status: 503, body: '' }));
  expect(sent.map(({ path }) => path)).toEqual(['/api/track']);
});
