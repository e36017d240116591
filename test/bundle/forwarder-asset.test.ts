import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import * as ts from 'typescript';
import { environmentVariables } from '../../lambda/contract';
import { functionAsset } from '../support/assembly';

const root = join(__dirname, '../..');
const asset = functionAsset();
let code: string;
let map: { sources: string[]; sourcesContent?: string[] };
/** Where every piece of the code comes from: a path in the repository, or in `node_modules`, wherever that is. */
let sources: string[];

beforeAll(() => {
  code = readFileSync(join(asset, 'index.js'), 'utf8');
  map = JSON.parse(readFileSync(join(asset, 'index.js.map'), 'utf8')) as typeof map;
  sources = map.sources.map((source) => {
    const [, ...packages] = source.split('/node_modules/');
    return packages.length > 0
      ? `node_modules/${packages.join('/node_modules/')}`
      : relative(root, resolve(asset, source));
  });
});

/** The modules the code loads at run time. Read from its syntax: a message of the SDK quotes a `require` call. */
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

it('is one file and its map, and the mapping beside it', () => {
  expect(readdirSync(asset).sort()).toEqual(['index.js', 'index.js.map', 'mapping.json']);
});

it('is less than 420 kB, as every cold start reads it', () => {
  expect(Buffer.byteLength(code)).toBeLessThan(420_000);
});

it('needs nothing but Node', () => {
  const modules = required(code);
  expect(modules).toContain('node:https');
  expect(modules.filter((module) => !isBuiltin(module))).toEqual([]);
});

it.each([
  'node_modules/@aws-sdk/client-sqs/',
  'node_modules/@aws-sdk/client-secrets-manager/',
  'lambda/handler.ts',
  'lambda/forwarder/forward-batch.ts',
])('holds %s', (part) => {
  expect(sources.filter((source) => source.startsWith(part))).not.toEqual([]);
});

it('holds nothing else of the repository, nor zod', () => {
  const folders = new Set(sources.map((source) => source.split('/')[0]));
  expect([...folders].sort()).toEqual(['lambda', 'node_modules']);
  expect(sources.filter((source) => /\bnode_modules\/(zod|aws-cdk-lib|constructs)\//.test(source))).toEqual(
    [],
  );
  expect(code).not.toContain('ZodError');
});

it('has a map without the text of the sources, and does not make Node read it', () => {
  expect(map).not.toHaveProperty('sourcesContent');
  expect(code).not.toContain('sourceMappingURL');
});

it('is CommonJS that loads in an empty directory and exports the handler', () => {
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
