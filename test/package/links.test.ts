import { withPackedLinks } from '../../tools/package-links';

const packed = {
  contains: (path: string) => ['docs', 'docs/deploy.md', 'README.md'].includes(path),
  repository: 'team/clevertap-to-heap',
  tag: 'v1.2.3',
};
const tree = 'https://github.com/team/clevertap-to-heap/blob/v1.2.3';
const raw = 'https://raw.githubusercontent.com/team/clevertap-to-heap/v1.2.3';

it.each([
  [
    'README.md',
    '[deploy](docs/deploy.md#aws) [docs](docs/) [a](#a) [b](https://b.dev)',
    undefined,
    undefined,
  ],
  ['docs/page.md', '[back](../README.md)', undefined, undefined],
  ['README.md', '[dev](config/dev.ts)', `[dev](${tree}/config/dev.ts)`, 'dev'],
  [
    'docs/page.md',
    '[two\nlines](../SECURITY.md#erasure)',
    `[two\nlines](${tree}/SECURITY.md#erasure)`,
    'two\nlines',
  ],
  ['docs/adr/1.md', '[up](../../LICENSE) ok', `[up](${tree}/LICENSE) ok`, 'up ok'],
  ['docs/page.md', 'a ![b](images/b.png) c', `a ![b](${raw}/docs/images/b.png) c`, 'a  c'],
  [
    'README.md',
    '<picture>\n  <img src="docs/images/b.png">\n</picture>\n\nText',
    `<picture>\n  <img src="${raw}/docs/images/b.png">\n</picture>\n\nText`,
    'Text',
  ],
  [
    'README.md',
    '```md\n[a](gone.md)\n```\n[a](gone.md)',
    `\`\`\`md\n[a](gone.md)\n\`\`\`\n[a](${tree}/gone.md)`,
    '```md\n[a](gone.md)\n```\na',
  ],
])('in %s %j', (page, text, known = text, unknown = text) => {
  expect(withPackedLinks(page, text, packed)).toBe(known);
  expect(withPackedLinks(page, text, { ...packed, repository: undefined })).toBe(unknown);
});
