// Plain JavaScript so that jest needs no second compiler to read its own settings.

/** @type {import('jest').Config} */
const shared = {
  testEnvironment: 'node',
  // jest's default, `soft`, fails suites at random if NODE_ENV is set: a setter calls itself without end.
  testEnvironmentOptions: { globalsCleanup: 'on' },
  // With the sources, so that `--onlyChanged` and `--watch` know which tests import a changed one.
  roots: ['bench', 'bin', 'config', 'console', 'lambda', 'lib', 'local', 'relay', 'test', 'tools'].map(
    (folder) => `<rootDir>/${folder}`,
  ),
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } }],
  },
  // The commands of `relay` are loaded under the names Node knows them by.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  // A global is looked up by a call in jest's sandbox; these, which no test replaces, are handed to each module instead.
  sandboxInjectedGlobals: (
    'Array BigInt Boolean Error Infinity JSON Map Math Number Object Promise Proxy RangeError Reflect RegExp ' +
    'Set String Symbol TextDecoder TextEncoder TypeError Uint8Array WeakMap WeakSet isNaN parseInt'
  ).split(' '),
  globalSetup: '<rootDir>/test/support/assembly-setup.ts',
  globalTeardown: '<rootDir>/test/support/assembly-teardown.ts',
  setupFiles: ['<rootDir>/test/support/environment.ts'],
  snapshotSerializers: ['<rootDir>/test/support/asset-hash-serializer.ts'],
};

/** @type {import('jest').Config} */
module.exports = {
  // A template with cdk-nag's aspects and the embedded stack both take seconds on a busy machine.
  testTimeout: 60_000,
  maxWorkers: '100%',
  projects: [
    // What proves the behaviour, often.
    {
      ...shared,
      displayName: 'test',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['\\.(deep|browser)\\.test\\.ts$'],
    },
    // Storms, long outages, memory and real waits, in `.ci/run`.
    { ...shared, displayName: 'deep', testMatch: ['**/*.deep.test.ts'] },
    // The pages in Chromium, in `.ci/run`.
    { ...shared, displayName: 'browser', testMatch: ['**/browser/*.browser.test.ts'] },
  ],
};
