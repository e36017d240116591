import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { account, region } from '../support/iam/deployed-policies';
import { testStackName as stackName } from '../support/settings';
import type { PolicyDocument } from '../support/iam/evaluate-policy';

/** The diff role's policy from docs/deploy.md, with the account and stack of the tests. */
export function diffPolicy(): PolicyDocument {
  const page = readFileSync(join(__dirname, '../../docs/deploy.md'), 'utf8');
  const [, section = ''] = page.split('A role for the diff');
  const [, json = ''] = /```json\n(.*?)```/s.exec(section) ?? [];
  return JSON.parse(
    json
      .replaceAll('123456789012', account)
      .replaceAll('eu-west-1', region)
      .replaceAll('ClevertapToHeapProd', stackName),
  ) as PolicyDocument;
}
