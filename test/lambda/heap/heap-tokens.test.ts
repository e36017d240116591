import { secretPlaceholder } from '../../../lambda/contract';
import { HeapTokens, parseHeapToken } from '../../../lambda/heap/heap-tokens';

const MINUTES = 60_000;

/** A secret that can be changed, and the clock. */
class Vault {
  text: string | undefined | Error = '{"appId":"11"}';
  time = 1_000_000;
  reads = 0;
  readonly problems: string[] = [];

  readonly tokens = new HeapTokens({
    fetchSecret: () => {
      this.reads += 1;
      return this.text instanceof Error ? Promise.reject(this.text) : Promise.resolve(this.text);
    },
    now: () => this.time,
    onProblem: (problem) => this.problems.push(problem),
  });
}

describe('HeapTokens', () => {
  it('reads the secret on first use, not before', async () => {
    const vault = new Vault();
    expect(vault.reads).toBe(0);

    expect(await vault.tokens.current()).toEqual({ appId: '11' });
    expect(vault.reads).toBe(1);
    expect(vault.problems).toEqual([]);
  });

  it('reads it again after five minutes and picks up a rotation (F45)', async () => {
    const vault = new Vault();
    await vault.tokens.current();
    vault.text = '{"appId":"12"}';

    vault.time += 5 * MINUTES - 1;
    expect(await vault.tokens.current()).toEqual({ appId: '11' });
    vault.time += 1;
    expect(await vault.tokens.current()).toEqual({ appId: '12' });
    expect(vault.reads).toBe(2);
  });

  it('counts five minutes from the last read', async () => {
    const vault = new Vault();
    await vault.tokens.current();
    vault.time += 4 * MINUTES;
    await vault.tokens.refresh();
    vault.time += 4 * MINUTES;
    await vault.tokens.current();

    expect(vault.reads).toBe(2);
  });

  it('reads it immediately on request, because Heap refused the old one (F45)', async () => {
    const vault = new Vault();
    await vault.tokens.current();
    vault.text = '{"appId":"11","header":{"name":"X-Token","value":"new"}}';

    expect(await vault.tokens.refresh()).toEqual({ appId: '11', header: { name: 'X-Token', value: 'new' } });
    expect(await vault.tokens.current()).toMatchObject({ header: { value: 'new' } });
  });

  it.each<[string, string | undefined | Error]>([
    ['cannot be read', Object.assign(new Error('denied for pii-secret'), { name: 'AccessDeniedException' })],
    ['is empty', undefined],
    ['is broken', '{"appId":'],
  ])('keeps the last value while the secret %s, and tries again each time (F44)', async (_, text) => {
    const vault = new Vault();
    await vault.tokens.current();
    vault.text = text;
    vault.time += 5 * MINUTES;

    expect(await vault.tokens.current()).toEqual({ appId: '11' });
    expect(await vault.tokens.current()).toEqual({ appId: '11' });
    expect(vault.reads).toBe(3);
    expect(vault.problems).toHaveLength(2);

    vault.text = '{"appId":"12"}';
    expect(await vault.tokens.current()).toEqual({ appId: '12' });
  });

  it.each<[string | undefined | Error, string]>([
    [undefined, 'the secret is not JSON'],
    [secretPlaceholder, 'the secret has no numeric appId'],
    ['not JSON pii-secret', 'the secret is not JSON'],
    [
      Object.assign(new Error('denied for pii-secret'), { name: 'AccessDeniedException' }),
      'AccessDeniedException',
    ],
  ])(
    'returns none and says why, without the value, until there has been one: %s (F44)',
    async (text, problem) => {
      const vault = new Vault();
      vault.text = text;

      expect(await vault.tokens.current()).toBeUndefined();
      expect(vault.problems).toEqual([expect.stringContaining(problem)]);
      expect(vault.problems.join()).not.toContain('pii-secret');

      vault.text = '{"appId":"11"}';
      expect(await vault.tokens.current()).toEqual({ appId: '11' });
    },
  );

  it('survives a thrown value that is not an error', async () => {
    const problems: string[] = [];
    const tokens = new HeapTokens({
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what this test is about
      fetchSecret: () => Promise.reject('pii-secret'),
      now: () => 0,
      onProblem: (problem) => problems.push(problem),
    });

    expect(await tokens.current()).toBeUndefined();
    expect(problems).toEqual(['cannot read the secret: unknown error']);
  });
});

describe('parseHeapToken', () => {
  const header = (name: unknown, value: unknown): string =>
    JSON.stringify({ appId: '11', header: { name, value } });

  it.each([
    ['{"appId":"11"}', '11'],
    ['{"appId":11}', '11'],
    ['{"appId":" 11\\n"}', '11'],
    ['{"appId":"1234567890123456789"}', '1234567890123456789'],
    ['{"appId":"11","note":"for dev"}', '11'],
  ])('reads %s as %s', (text, appId) => {
    expect(parseHeapToken(text)).toEqual({ appId });
  });

  it.each([
    ...['', 'pii-secret', '{"appId":', '"11"', '11', '["11"]', 'null', '{}', '{"appid":"11"}'],
    ...['{"appId":"REPLACE_ME"}', '{"appId":"<app id>"}', '{"appId":""}', '{"appId":null}', '{"appId":true}'],
    ...['{"appId":"pii-secret"}', '{"appId":"1 1"}', '{"appId":-11}', '{"appId":1.5}', '{"appId":1e30}'],
    ...['{"appId":["11"]}', '{"__proto__":{"appId":"11"}}', '{"appId":"11","header":"pii-secret"}'],
    ...['{"appId":"11","header":null}', '{"appId":"11","header":{}}', '{"appId":"11","header":{"name":"X"}}'],
  ])('rejects %s with a sentence that does not quote it (F44, F46)', (text) => {
    const problem = parseHeapToken(text);

    expect(problem).toMatch(/^the (secret|header in the secret) /);
    expect(problem).not.toContain('pii-secret');
  });

  it('trims a pasted header (F46)', () => {
    expect(parseHeapToken(header(' X-Heap-Token ', ' secret value\n'))).toEqual({
      appId: '11',
      header: { name: 'X-Heap-Token', value: 'secret value' },
    });
  });

  it.each([
    ['X-Token', 'pii-secret\r\nX-Other: 1'],
    ['X-Token', 'pii-secret\nmore'],
    ['X-Token', 'pii-secret\u0000'],
    ['X-Token', 'pii-secret €'],
    ['X-Token', 'pii-secret \u{1F600}'],
    ['X-Token', ' '],
    ['X Token', 'pii-secret'],
    ['X-Token:', 'pii-secret'],
    ['X-Token\r\nX-Other', 'pii-secret'],
    ['Ünïcode', 'pii-secret'],
    ['', 'pii-secret'],
    [7, 'pii-secret'],
    ['X-Token', 7],
  ])('rejects the header %j: %j, which would break the request (F46)', (name, value) => {
    const problem = parseHeapToken(header(name, value));

    expect(problem).toMatch(/^the header in the secret /);
    expect(problem).not.toContain('pii-secret');
  });
});
