import cdk from 'eslint-cdk-plugin';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Who may import whom (docs/architecture.md): `folder` may reach only `allowed` besides itself. */
const folders = ['bin', 'config', 'lib', 'lambda', 'local', 'relay', 'console', 'tools', 'test', 'bench'];
const only = (folder, ...allowed) => ({
  target: `./${folder}`,
  from: folders.filter((other) => other !== folder).map((other) => `./${other}`),
  except: [],
  allowed,
});

/** import-x wants a forbidden folder with the exceptions below it; this turns the allow-list around. */
const zones = [
  only('bin', 'config', 'lib', 'local', 'relay', 'console'),
  only('config', 'lib/config/environment-config.ts'),
  only('lib', 'lambda/contract.ts', 'lambda/mapping'),
  only('lambda'),
  only(
    'local',
    'lambda/contract.ts',
    'lambda/json.ts',
    'lambda/clevertap',
    'lambda/mapping',
    'lambda/forwarder',
  ),
  only(
    'relay',
    'lib/config',
    'lib/observe/ledger-query.ts',
    'lambda/contract.ts',
    'lambda/json.ts',
    'lambda/clevertap',
    'lambda/mapping',
    'lambda/heap',
    'local/stack-file.ts',
  ),
  only(
    'console',
    'lib/config',
    'lambda/contract.ts',
    'lambda/json.ts',
    'lambda/clevertap',
    'lambda/mapping',
    'lambda/heap',
    'lambda/forwarder',
    'local',
    'relay',
  ),
  only('tools', 'bin/clevertap-to-heap.ts', 'lib', 'lambda/contract.ts'),
].flatMap(({ target, from, allowed }) =>
  from
    .filter((folder) => !allowed.includes(folder.slice(2)))
    .map((folder) => ({
      target,
      from: folder,
      except: allowed
        .filter((path) => `./${path}`.startsWith(`${folder}/`))
        .map((path) => `./${path.slice(folder.length - 1)}`),
      message: `${target.slice(2)} may import only: ${['itself', ...allowed].join(', ')}`,
    })),
);

/** The parts are joined in ClevertapToHeap alone; a part never knows another one's class. */
const constructs = ['access', 'ingest', 'buffer', 'forward', 'observe'];
const constructZones = constructs.flatMap((part) =>
  constructs
    .filter((other) => other !== part)
    .map((other) => ({
      target: `./lib/${part}`,
      from: `./lib/${other}`,
      message: 'parts of lib meet only in lib/clevertap-to-heap.ts',
    })),
);

/** Packages a folder must not load. */
const withoutCdk = { regex: '^(aws-cdk-lib|constructs|cdk-nag)', message: 'this folder works without CDK' };
/** The list of regions is a table in 7 small files, kept current by AWS. */
const withoutCdkButRegions = { ...withoutCdk, regex: '^(aws-cdk-lib(?!/region-info$)|constructs|cdk-nag)' };
const withoutZod = {
  regex: '^zod($|/)',
  message: 'zod would cost every cold start; schemas stand in lib/config',
};

/** A server of its own would answer any web page. */
const ownServer = {
  regex: '^(node:)?(http|https|http2|net)$',
  importNames: ['createServer', 'Server'],
  allowTypeImports: true,
  message: 'listen() of local/http-server.ts checks Host and Origin',
};

/** What decides what Heap sees cannot reach a network, a clock or the environment, and runs in a browser as well. */
const pure = [
  'lambda/clevertap/**',
  'lambda/mapping/**',
  'lambda/heap/bulk-request.ts',
  'lambda/json.ts',
  'lambda/contract.ts',
  'relay/feed/**',
  'relay/preview/**',
];

/** State that outlives an invocation is wired in handler.ts and nowhere else. */
const moduleState = [
  {
    selector:
      'Program > VariableDeclaration[kind="let"], Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]',
    message: 'a module keeps no state: only handler.ts wires what outlives an invocation',
  },
  {
    selector:
      ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator[id.typeAnnotation=undefined] > NewExpression[callee.name=/^(Map|Set|WeakMap|WeakSet)$/]',
    message: 'give a constant collection the type ReadonlyMap or ReadonlySet: a module keeps no state',
  },
  {
    selector:
      ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator[id.typeAnnotation.typeAnnotation.typeName.name=/^(Map|Set|WeakMap|WeakSet)$/]',
    message: 'a module keeps no state: only handler.ts wires what outlives an invocation',
  },
];

export default tseslint.config(
  // examples/ is an app of its own, compiled strictly by test/package.
  { ignores: ['cdk.out/', 'node_modules/', 'coverage/', 'examples/', 'dist/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      // Without these the plugin reads no file that is imported, and finds no circle.
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createTypeScriptImportResolver()],
    },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': [
        'error',
        { basePath: import.meta.dirname, zones: [...zones, ...constructZones] },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  { files: ['{bin,relay,tools}/**/*.ts', 'local/run.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['{lib,bin,relay,tools}/**/*.ts'],
    extends: [cdk.configs.recommended],
    // Construct ids of children created per API key name are variables on purpose.
    rules: { 'cdk/no-variable-construct-id': 'off' },
  },
  {
    files: ['relay/**/*.ts', 'local/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [withoutCdk] }] },
  },
  {
    files: ['lib/config/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [withoutCdkButRegions] }] },
  },
  {
    files: ['{local,console}/**/*.ts'],
    ignores: ['local/http-server.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [withoutCdk, ownServer] }] },
  },
  {
    files: ['lambda/handler.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [withoutCdk, withoutZod] }] },
  },
  {
    files: pure,
    rules: {
      'no-restricted-globals': ['error', 'process', 'Buffer', 'fetch', 'setTimeout', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(node:|@aws-sdk/)', message: 'this folder is pure: no I/O, nothing of Node' },
            withoutCdk,
            withoutZod,
          ],
        },
      ],
    },
  },
  {
    files: ['lambda/**/*.ts'],
    ignores: ['lambda/handler.ts', ...pure],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch'],
      'no-restricted-properties': ['error', { object: 'Date', property: 'now' }],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            withoutCdk,
            withoutZod,
            { regex: '^@aws-sdk/', message: 'only handler.ts creates SDK clients', allowTypeImports: true },
          ],
        },
      ],
    },
  },
  {
    files: ['lambda/**/*.ts'],
    ignores: ['lambda/handler.ts'],
    rules: { 'no-restricted-syntax': ['error', ...moduleState] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-console': 'off',
    },
  },
  { files: ['**/*.{js,mjs,cjs}'], extends: [tseslint.configs.disableTypeChecked] },
);
