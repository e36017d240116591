import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ts from 'typescript';
import { environmentVariables } from '../../lambda/contract';
import { functionAsset } from '../support/function-asset';

const asset = functionAsset();
const files = ['index.js', 'liquidjs.js', 'sqs.js'];
const codeOf = (file: string): string => readFileSync(join(asset, file), 'utf8');
const mapOf = (file: string) =>
  JSON.parse(codeOf(`${file}.map`)) as { sources: string[]; sourcesContent?: string[] };

/** The modules the code loads at run time. Read from its syntax, because an SDK message quotes a `require` call. */
function required(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const {
        expression,
        arguments: [module],
      } = node;
      const loads =
        expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(expression) && expression.text === 'require');
      if (loads && module !== undefined)
        found.push(ts.isStringLiteral(module) ? module.text : module.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('index.js', source, ts.ScriptTarget.Latest, true));
  return found;
}

it('holds the handler, the files it loads on demand, their source maps, and the mapping', () => {
  expect(readdirSync(asset).sort()).toEqual(
    [...files, ...files.map((file) => `${file}.map`), 'mapping.json'].sort(),
  );
});

it('needs nothing but Node and its own files', () => {
  const modules = required(codeOf('index.js'));
  expect(modules).toContain('node:https');
  expect([...new Set(modules.filter((module) => !isBuiltin(module)))].sort()).toEqual([
    './liquidjs.js',
    './sqs.js',
  ]);
  for (const file of ['liquidjs.js', 'sqs.js']) {
    expect(required(codeOf(file)).filter((module) => !isBuiltin(module))).toEqual([]);
  }
});

it.each([
  ['index.js', 'node_modules/@aws-sdk/client-secrets-manager/'],
  ['index.js', 'lambda/handler.ts'],
  ['index.js', 'lambda/forwarder/forward-batch.ts'],
  ['index.js', 'lambda/mapping/liquid.ts'],
  ['sqs.js', 'node_modules/@aws-sdk/client-sqs/'],
  ['liquidjs.js', 'node_modules/liquidjs/'],
])('%s holds %s', (file, part) => {
  for (const each of files) {
    const has = mapOf(each).sources.some((source) => source.startsWith(part));
    expect([each, has]).toEqual([each, each === file]);
  }
});

it('holds nothing else from the repository, and no zod', () => {
  const sources = files.flatMap((file) => mapOf(file).sources);
  const folders = new Set(sources.map((source) => source.split('/')[0]));
  expect([...folders].sort()).toEqual(['lambda', 'lib', 'node_modules']);
  expect(sources.filter((source) => /\bnode_modules\/(zod|aws-cdk-lib|constructs)\//.test(source))).toEqual(
    [],
  );
  expect(codeOf('index.js')).not.toContain('ZodError');
});

it.each(files)('%s names its source map, which does not contain the sources', (file) => {
  expect(mapOf(file)).not.toHaveProperty('sourcesContent');
  expect(codeOf(file)).toContain(`//# sourceMappingURL=${file}.map`);
});

it('is CommonJS, loads in an empty directory and exports the handler', () => {
  const queue = 'https://sqs.us-east-1.amazonaws.com/000000000000/queue';
  const directory = mkdtempSync(join(tmpdir(), 'forwarder-asset-'));
  const exported = execFileSync(
    process.execPath,
    [
      '--input-type=commonjs',
      '--eval',
      'console.log(JSON.stringify(Object.entries(require(process.argv[1])).map(([name, value]) => [name, typeof value])))',
      join(asset, 'index.js'),
    ],
    {
      cwd: directory,
      encoding: 'utf8',
      stdio: 'pipe',
      env: {
        AWS_REGION: 'us-east-1',
        [environmentVariables.heapBaseUrl]: 'https://heapanalytics.com',
        [environmentVariables.heapTokensArn]: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:heap',
        [environmentVariables.eventBufferUrl]: queue,
        [environmentVariables.deadLetterQueueUrl]: queue,
        [environmentVariables.identityOrder]: 'identity,email',
        [environmentVariables.dedupeWindowMinutes]: '10',
        [environmentVariables.maxEventsPerMinute]: '0',
        [environmentVariables.stackName]: 'Test',
      },
    },
  );
  rmSync(directory, { recursive: true });
  expect(JSON.parse(exported)).toEqual([['handler', 'function']]);
});
