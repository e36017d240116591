import { join } from 'node:path';
import { thirdPartyLicenses } from '../../tools/third-party-licenses';

const licenses = thirdPartyLicenses(join(__dirname, '../..'));

it.each(['liquidjs', 'jsonc-parser'])('has the license of %s with its copyright', (name) => {
  expect(licenses).toMatch(new RegExp(`^- ${name} [0-9.]+ \\(MIT\\)\\n[^]*?Copyright \\(c\\)`, 'm'));
});

it.each(['@aws-sdk/client-sqs', '@aws-sdk/credential-provider-http', '@smithy/core'])('names %s', (name) => {
  expect(licenses).toMatch(new RegExp(`^- ${name} [0-9.]+ \\(Apache-2\\.0\\)$`, 'm'));
  expect(licenses).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
});

it('names nothing that is not in the bundle', () => {
  expect(licenses).not.toMatch(/^- (?:esbuild|zod|aws-cdk-lib) /m);
});
