import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { anchorsOf, linksOf } from '../support/markdown';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(path, 'utf8');

/** The markdown files of the repository. */
function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return /^(?:node_modules|cdk\.out|coverage|dist|\.git)$/.test(entry.name) ? [] : pagesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/**
 * Broken links: to a file that does not exist, or to a heading that a file does not have.
 *
 * @param path the path of the page
 */
function brokenLinksOf(page: string, path: string): string[] {
  return linksOf(page).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), decodeURIComponent(file));
    if (!existsSync(target)) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor);
  });
}

const pages = pagesIn(root).map((path): [string, string] => [relative(root, path), path]);

test('the repository has pages with links between them', () => {
  expect(pages.map(([name]) => name)).toEqual(
    expect.arrayContaining(['README.md', join('docs', 'architecture.md')]),
  );
  expect(pages.flatMap(([, path]) => linksOf(read(path))).length).toBeGreaterThan(100);
});

test.each(pages)('every relative link and anchor of %s resolves', (_, path) => {
  expect(brokenLinksOf(read(path), path)).toEqual([]);
});

test('a link to a missing file or heading is found, and anchors are those that GitHub generates', () => {
  const page =
    '[a](gone.md) [b](operate.md#gone) [c](operate.md#doctor) [d](https://gone.test/) ![e](gone.svg)';
  expect(brokenLinksOf(page, join(root, 'docs/page.md'))).toEqual(['gone.md', 'operate.md#gone', 'gone.svg']);
  expect(anchorsOf('# A (b): c, d\n## A\n## A\n```sh\n# a comment\n```\n')).toEqual(
    new Set(['a-b-c-d', 'a', 'a-1']),
  );
});

/** The source files that name pages and anchors in messages, alarms and comments. */
const sources = ['bin', 'lib', 'lambda', 'local', 'relay', 'tools', 'console'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(folder, path)),
);

test('every page and anchor named in the code exists', () => {
  const broken = sources.flatMap((source) =>
    [...read(join(root, source)).matchAll(/\b(docs\/[\w/-]+\.md)(?:#([\w-]+))?/g)]
      .filter(([, file = '', anchor]) => {
        const target = join(root, file);
        return !existsSync(target) || (anchor !== undefined && !anchorsOf(read(target)).has(anchor));
      })
      .map(([named]) => `${source}: ${named}`),
  );
  expect(broken).toEqual([]);
});
