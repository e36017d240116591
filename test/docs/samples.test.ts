import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRules } from '../../lib/config/rule-parser';

const page = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');

/** The rules shown in docs/configuration.md, by the name in the comment above each. */
const samples = [...page.matchAll(/<!-- sample ([\w-]+) -->\s+```json\n([^]*?)```/g)].map(
  ([, name = '', text = '']): [string, string] => [name, text],
);

test('the page has samples', () => {
  expect(samples.length).toBeGreaterThanOrEqual(5);
});

test.each(samples)('the sample %s is a valid rule', (name, text) => {
  const { rules, errors } = parseRules(name, text);
  expect(errors).toEqual([]);
  expect(rules.length).toBeGreaterThan(0);
});
