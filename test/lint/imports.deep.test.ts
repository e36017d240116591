import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(__dirname, '../..');

interface Message {
  readonly ruleId: string | null;
  readonly message: string;
}

/** ESLint's messages for each snippet as if it were in a file. */
const lint = (snippets: readonly { filePath: string; text: string }[]): Message[][] =>
  JSON.parse(
    execFileSync(process.execPath, [join(root, 'test/support/lint-snippets.mjs')], {
      cwd: root,
      input: JSON.stringify(snippets),
      encoding: 'utf8',
    }),
  ) as Message[][];

const importing = (filePath: string, target: string): { filePath: string; text: string } => {
  const path = /^[a-z]+\/.*\.ts$/.test(target)
    ? relative(dirname(filePath), target).replace(/\.ts$/, '')
    : target;
  const specifier = path === target || path.startsWith('.') ? path : `./${path}`;
  return { filePath, text: `import '${specifier}';\n` };
};

/** A file and a target it must not import: upwards or sideways in the layers. */
const forbiddenPaths: readonly (readonly [file: string, target: string])[] = [
  ['bin/start.ts', 'lambda/handler.ts'],
  ['bin/start.ts', 'tools/cost-report.ts'],
  ['bin/start.ts', 'test/support/synth.ts'],
  ['config/dev.ts', 'lib/clevertap-to-heap-stack.ts'],
  ['config/dev.ts', 'lambda/contract.ts'],
  ['config/dev.ts', 'bin/clevertap-to-heap.ts'],
  ['lib/clevertap-to-heap-stack.ts', 'bin/clevertap-to-heap.ts'],
  ['lib/clevertap-to-heap-stack.ts', 'config/dev.ts'],
  ['lib/clevertap-to-heap-stack.ts', 'lambda/handler.ts'],
  ['lib/config/environments.ts', 'relay/options.ts'],
  ['lib/config/environments.ts', 'local/stack-file.ts'],
  ['lib/ingest/webhook-api.ts', 'lib/buffer/event-buffer.ts'],
  ['lib/access/operator-policies.ts', 'lib/buffer/event-buffer.ts'],
  ['lambda/handler.ts', 'lib/config/rule-schema.ts'],
  ['lambda/handler.ts', 'bin/clevertap-to-heap.ts'],
  ['lambda/handler.ts', 'config/dev.ts'],
  ['lambda/handler.ts', 'relay/options.ts'],
  ['lambda/handler.ts', 'local/template.ts'],
  ['local/stack.ts', 'lib/config/environments.ts'],
  ['local/stack.ts', 'bin/clevertap-to-heap.ts'],
  ['local/stack.ts', 'config/local.ts'],
  ['local/stack.ts', 'relay/options.ts'],
  ['local/stack.ts', 'lambda/handler.ts'],
  ['relay/program.ts', 'bin/clevertap-to-heap.ts'],
  ['relay/program.ts', 'config/dev.ts'],
  ['relay/program.ts', 'lib/clevertap-to-heap-stack.ts'],
  ['relay/program.ts', 'local/stack.ts'],
  ['relay/program.ts', 'lambda/handler.ts'],
  ['tools/cost.ts', 'local/stack.ts'],
  ['tools/cost.ts', 'relay/options.ts'],
  ['tools/cost.ts', 'lambda/handler.ts'],
  ['tools/cost.ts', 'bin/start.ts'],
];

const forbiddenPackages: readonly (readonly [file: string, name: string])[] = [
  ['lambda/handler.ts', 'zod'],
  ['lambda/settings.ts', 'zod'],
  ['lambda/mapping/map-event.ts', 'zod'],
  ['lambda/handler.ts', 'aws-cdk-lib'],
  ['lambda/settings.ts', '@aws-sdk/client-sqs'],
  ['lambda/mapping/map-event.ts', 'node:fs'],
  ['lambda/mapping/map-event.ts', 'node:crypto'],
  ['lambda/heap/bulk-request.ts', 'node:buffer'],
  ['lib/config/environment-config.ts', 'aws-cdk-lib/aws-logs'],
  ['relay/program.ts', 'aws-cdk-lib'],
  ['local/stack.ts', 'constructs'],
];

const allowed: readonly (readonly [file: string, target: string])[] = [
  ['bin/start.ts', 'local/run.ts'],
  ['bin/relay.ts', 'relay/program.ts'],
  ['config/dev.ts', 'lib/config/environment-config.ts'],
  ['lib/clevertap-to-heap-stack.ts', 'lambda/contract.ts'],
  ['lib/config/rule-schema.ts', 'lambda/mapping/liquid.ts'],
  ['local/account/message-reader.ts', 'lambda/clevertap/decode-message.ts'],
  ['relay/commands/preview.ts', 'lib/config/rule-parser.ts'],
  ['relay/commands/preview.ts', 'lambda/mapping/map-event.ts'],
  ['relay/environment/local-environment.ts', 'local/stack-file.ts'],
  ['tools/cost.ts', 'bin/clevertap-to-heap.ts'],
  ['lib/config/rule-schema.ts', 'zod'],
  ['lambda/handler.ts', 'node:crypto'],
];

/** Two files that would import each other. */
const circle = ['lambda/json.ts', 'lambda/clevertap/decode-message.ts'] as const;

/** Modules that keep state between invocations. */
const stateful = [
  'let count = 0;\nexport const next = (): number => (count += 1);\n',
  'const seen = new Map<string, number>();\nexport const has = (key: string): boolean => seen.has(key);\n',
  'export const cache: Set<string> = new Set();\n',
];

/** A server that would accept requests from any web page. */
const ownServer = { filePath: 'local/heap/server.ts', text: "export { createServer } from 'node:http';\n" };

// A single process for all snippets, so that ESLint loads once.
const pairs = [...forbiddenPaths, ...forbiddenPackages, ...allowed, circle];
const messages = lint([
  ...pairs.map(([file, target]) => importing(file, target)),
  ...stateful.map((text) => ({ filePath: 'lambda/mapping/strings.ts', text })),
  ownServer,
]);
const found = new Map(pairs.map((pair, index) => [pair, messages[index] ?? []]));
const rulesOf = (pair: readonly [string, string]): (string | null)[] =>
  (found.get(pair) ?? []).map(({ ruleId }) => ruleId);

test.each(forbiddenPaths.map((pair) => [...pair, pair] as const))('%s must not import %s', (_, __, pair) => {
  expect(rulesOf(pair)).toContain('import-x/no-restricted-paths');
});

test.each(forbiddenPackages.map((pair) => [...pair, pair] as const))(
  '%s must not import %s',
  (_, __, pair) => {
    expect(rulesOf(pair)).toEqual(['@typescript-eslint/no-restricted-imports']);
  },
);

test.each(allowed.map((pair) => [...pair, pair] as const))('%s may import %s', (_, __, pair) => {
  expect(found.get(pair)).toEqual([]);
});

test('an import cycle is refused', () => {
  expect(readFileSync(join(root, circle[1]), 'utf8')).toContain("from '../json'");
  expect(rulesOf(circle)).toEqual(['import-x/no-cycle']);
});

test.each(stateful.map((text, index) => [text, index] as const))(
  '%j is refused as state in lambda',
  (_, index) => {
    const rules = messages[pairs.length + index]?.map(({ ruleId }) => ruleId);
    expect(rules).toContain('no-restricted-syntax');
  },
);

test('only http-server.ts creates servers of the local stack', () => {
  expect(messages.at(-1)?.map(({ ruleId }) => ruleId)).toEqual(['@typescript-eslint/no-restricted-imports']);
});
