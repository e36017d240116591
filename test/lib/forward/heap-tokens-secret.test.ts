import { secretPlaceholder } from '../../../lambda/contract';
import { synthTemplate } from '../../support/synth';
import { outputs, resource } from '../../support/template';

const template = synthTemplate();
const secret = resource<{ SecretString: string }>(template, 'AWS::SecretsManager::Secret');

it('holds this literal, byte for byte: CloudFormation would write another one over the live app id', () => {
  expect(secret.Properties.SecretString).toBe('{"appId":"REPLACE_ME"}');
  expect(secretPlaceholder).toBe(secret.Properties.SecretString);
});

it('has no generated password and no name', () => {
  expect(Object.keys(secret.Properties).sort()).toEqual(['Description', 'SecretString']);
});

it('says in the list of secrets whose it is', () => {
  expect(secret.Properties).toMatchObject({
    Description: 'Heap app id of ClevertapToHeapTest: {"appId":"<digits>"}',
  });
});

it('survives the deletion of the stack and a replacement', () => {
  // A secret whose very creation failed holds no app id and may go.
  expect(secret.DeletionPolicy).toBe('RetainExceptOnCreate');
  expect(secret.UpdateReplacePolicy).toBe('Retain');
});

it('F46 stands in the function as its ARN alone', () => {
  const { Environment } = resource<{ Environment: { Variables: Record<string, string> } }>(
    template,
    'AWS::Lambda::Function',
  ).Properties;
  // `Ref` of a secret is its ARN.
  expect(Environment.Variables['HEAP_TOKENS_ARN']).toBe(`\${${secret.logicalId}}`);
});

it('F46 has its value in no other place of the template, nor a reference that would put it there', () => {
  const text = JSON.stringify(template.toJSON());
  expect(text.split('REPLACE_ME')).toHaveLength(2);
  expect(text).not.toContain('{{resolve:');
});

it('comes out by name, to be stored by command line', () => {
  expect(outputs(template)['HeapTokensSecret']).toContain(`\${${secret.logicalId}.`);
});
