import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { receivesExhausted, rejectionReasons } from '../../lambda/contract';

const page = readFileSync(join(__dirname, '../../docs/reasons.md'), 'utf8');
const sections = page.split(/^## /m).slice(1);
const headingOf = (section: string): string => section.split('\n')[0] ?? '';

test('docs/reasons.md has exactly one heading per reason code', () => {
  const codes = sections.map(headingOf).filter((heading) => /^[a-z_]+$/.test(heading));

  expect(codes.sort()).toEqual([...rejectionReasons, receivesExhausted].sort());
});

test.each([...rejectionReasons, receivesExhausted])('%s explains what it means and what to do', (code) => {
  const section = sections.find((one) => headingOf(one) === code) ?? '';

  for (const part of ['Means', 'Not delivered because', 'Do', 'Redrive']) {
    expect(section).toContain(`- **${part}:**`);
  }
  expect(page).toContain(`| [${code}](#${code})`);
});
