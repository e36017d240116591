import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import faults from './faults.json';

/**
 * Every fault in faults.json is covered by a test that names it, or docs/reliability.md says why only AWS can show
 * it.
 */
const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const model = Object.keys(faults);
const reliability = read('docs/reliability.md');

/** The rows of the section on what only AWS can show: the faults and the reason. */
const onlyAws = [
  ...(
    reliability.split(/^## /m).find((section) => section.startsWith('What only AWS can show')) ?? ''
  ).matchAll(/^\| (F\d{2}[^|]*?) +\| (.*?) +\| (.*?) +\|$/gm),
].map(([, ids = '', here = '', reason = '']) => ({
  ids: [...ids.matchAll(/F\d{2}/g)].map(String),
  here,
  reason,
}));

const testFiles = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => join('test', path));

/** The titles of the tests and groups in a test file. */
function titlesIn(path: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:test|it|describe)\b/.test(node.expression.getText())) {
      const [title] = node.arguments;
      if (title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title)))
        titles.push(title.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true));
  return titles;
}

const named = new Set(testFiles.flatMap(titlesIn).flatMap((title) => title.match(/\bF\d{2}\b/g) ?? []));

test('the model is complete', () => {
  expect(model).toEqual(Array.from({ length: 76 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`));
});

test('every fault has a test with its id in the name, or is listed as something only AWS can show', () => {
  const unproven = model.filter((id) => !named.has(id) && !onlyAws.some(({ ids }) => ids.includes(id)));
  expect(unproven).toEqual([]);
});

test('no test names a fault that is not in the model', () => {
  expect([...named].filter((id) => !model.includes(id))).toEqual([]);
});

test('everything only AWS can show has a reason, and says what is proven here', () => {
  expect(onlyAws.length).toBeGreaterThan(5);
  for (const { ids, here, reason } of onlyAws) {
    expect(model).toEqual(expect.arrayContaining(ids));
    expect(here.length).toBeGreaterThan(10);
    expect(reason.length).toBeGreaterThan(20);
  }
});

test('the tests named in docs/reliability.md exist', () => {
  const paths = [...reliability.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => path ?? '');
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
