// Plain JavaScript so that jest needs no second compiler to read its own settings.
/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } }],
  },
  setupFiles: ['<rootDir>/test/support/environment.ts'],
  snapshotSerializers: ['<rootDir>/test/support/asset-hash-serializer.ts'],
  // A template with cdk-nag's aspects and the embedded stack both take seconds on a busy machine.
  testTimeout: 60_000,
};
