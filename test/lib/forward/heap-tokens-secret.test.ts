import { secretPlaceholder } from '../../../lambda/contract';
import { synthesizedTemplate } from '../../support/synthesized';
import { outputs, resource } from '../../support/template';

const template = synthesizedTemplate('settings');
const secret = resource<{ SecretString: string }>(template, 'AWS::SecretsManager::Secret');

it('holds exactly this literal: CloudFormation would overwrite the live app id with another one', () => {
  expect(secret.Properties.SecretString).toBe('{"appId":"REPLACE_ME"}');
  expect(secretPlaceholder).toBe(secret.Properties.SecretString);
});

it('has no generated password and no name', () => {
  expect(Object.keys(secret.Properties).sort()).toEqual(['Description', 'SecretString']);
});

it('names its pipeline in the list of secrets', () => {
  expect(secret.Properties).toMatchObject({
    Description: 'Heap app id of ClevertapToHeapTest: {"appId":"<digits>"}',
  });
});

it('survives stack deletion and replacement', () => {
  // A secret whose creation failed holds no app id and may be deleted.
  expect(secret.DeletionPolicy).toBe('RetainExceptOnCreate');
  expect(secret.UpdateReplacePolicy).toBe('Retain');
});

it('F46 is passed to the function only as an ARN', () => {
  const { Environment } = resource<{ Environment: { Variables: Record<string, string> } }>(
    template,
    'AWS::Lambda::Function',
  ).Properties;
  // `Ref` of a secret returns its ARN.
  expect(Environment.Variables['HEAP_TOKENS_ARN']).toBe(`\${${secret.logicalId}}`);
});

it('F46 has no value or dynamic reference in the template', () => {
  const text = JSON.stringify(template.toJSON());
  expect(text.split('REPLACE_ME')).toHaveLength(2);
  expect(text).not.toContain('{{resolve:');
});

it('is an output by name, for the command line', () => {
  expect(outputs(template)['HeapTokensSecret']).toContain(`\${${secret.logicalId}.`);
});
