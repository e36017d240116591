import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from '../../relay/program';
import { rowLine } from '../../relay/feed/row-parts';
import { describeAccount } from '../../local/account/account-report';
import { feedRow } from '../support/feed-row';

const root = join(__dirname, '../..');
const page = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

test('README.md is short enough to read in one sitting', () => {
  expect(page.split('\n').length).toBeLessThanOrEqual(120);
});

test('its links and images lead to files', () => {
  const targets = [...page.matchAll(/\]\(([^)]+)\)|srcset="([^"]+)"|src="([^"]+)"/g)]
    .map(([, ...groups]) => groups.find((group: string | undefined) => group !== undefined) ?? '')
    .filter((target) => !target.startsWith('http'));

  expect(targets.length).toBeGreaterThan(15);
  for (const target of targets) {
    const [file = ''] = target.split('#');
    expect([target, existsSync(join(root, file))]).toEqual([target, true]);
  }
});

test('every npm script it names exists', () => {
  const named = [...page.matchAll(/npm (?:run (?:--silent )?)?(start|test|[a-z:-]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !['ci', 'install'].includes(name));

  expect(named).toEqual(expect.arrayContaining(['start', 'test', 'relay', 'playground']));
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});

test('every relay command it names exists, with its options', () => {
  const called = [
    ...page.matchAll(/npm run relay -- ([a-z ]+?)(?= +(?:--|#|FILE)|`|$)((?: --[\w-]+(?: [\w./-]+)?)*)/gm),
  ];

  expect(called.length).toBeGreaterThan(6);
  for (const [, words = '', options = ''] of called) {
    const command = words
      .trim()
      .split(' ')
      .reduce((parent, word) => {
        const child = parent.commands.find((one) => one.name() === word);
        if (child === undefined) throw new Error(`README.md: no command ${words}`);
        return child;
      }, createProgram());
    const known = command.options.map(({ long }) => long);
    for (const [option] of options.matchAll(/--[\w-]+/g))
      expect([words, known]).toEqual([words, expect.arrayContaining([option])]);
  }
});

test('its lines about an outage are those that npm start prints', () => {
  const row = { event: 'Purchase' };
  const lines = [
    rowLine(feedRow({ ...row, at: Date.UTC(2026, 0, 1, 5, 24, 11), delivered: 1, lagMs: 1200 })),
    rowLine(
      feedRow({
        ...row,
        at: Date.UTC(2026, 0, 1, 5, 24, 40),
        kind: 'waiting',
        waiting: 1,
        detail: 'Heap answered 500, next try in 30 s',
      }),
    ),
    rowLine(feedRow({ ...row, at: Date.UTC(2026, 0, 1, 5, 25, 12), delivered: 1, lagMs: 33_400 })),
  ];

  expect(page).toContain(lines.join('\n'));
});

test('its account is the one that Ctrl-C prints', () => {
  const account = describeAccount({
    requests: 31,
    accepted: 142,
    delivered: 130,
    rejected: 6,
    ignored: 2,
    queued: 4,
    missing: 0,
    rows: 129,
    rejectedByReason: [
      ['invalid_json', 5],
      ['heap_rejected', 1],
    ],
    unexplainedRows: 0,
  });

  expect(page).toContain(account);
});
