import { dependencies } from '../../examples/team-app/package.json';
import { version } from '../../package.json';
import releasePlease from '../../release-please-config.json';

it('examples/team-app depends on the version of the repository, which release-please bumps', () => {
  expect(dependencies['clevertap-to-heap']).toBe(version);
  expect(releasePlease.packages['.']['extra-files']).toEqual([
    {
      type: 'json',
      path: 'examples/team-app/package.json',
      jsonpath: "$.dependencies['clevertap-to-heap']",
    },
  ]);
});
