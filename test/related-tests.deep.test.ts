import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..');

// What `npm run check` and `npm test -- --watch` run after a change.
test('jest knows which tests a changed source concerns', () => {
  const testOf = {
    'bench/payloads.ts': 'bench/payloads.test.ts',
    'bin/clevertap-to-heap.ts': 'app/environments.test.ts',
    'config/prod.ts': 'app/environments.test.ts',
    'console/server/server.ts': 'console/server/server.test.ts',
    'lambda/heap/heap-client.ts': 'bundle/forwarder-handler.test.ts',
    'lambda/heap/sender.ts': 'lambda/heap/sender.test.ts',
    'lib/access/operator-policies.ts': 'permissions/permission-table.test.ts',
    'lib/clevertap-to-heap.ts': 'lib/clevertap-to-heap.test.ts',
    'local/stack.ts': 'local/stack.test.ts',
    'relay/feed/row-parts.ts': 'relay/feed/row-parts.test.ts',
    'tools/cost-report.ts': 'tools/cost-report.test.ts',
  };
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  for (const [source, test] of Object.entries(testOf)) {
    const options = [
      '--selectProjects',
      'test',
      '--no-watchman',
      '--listTests',
      '--findRelatedTests',
      source,
    ];
    const listed = execFileSync(process.execPath, [jest, ...options], { cwd: root, encoding: 'utf8' });
    expect([source, listed.split('\n')]).toEqual([
      source,
      expect.arrayContaining([join(root, 'test', test)]),
    ]);
  }
});
