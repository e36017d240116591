import { AwsError } from '../error';
import type { JsonInput } from '../json';
import type { SecretsManagerService, SecretValue } from './service';

/** The actions of Secrets Manager by name. Each maps the JSON input to the JSON output and throws the API's errors. */
export function secretsManagerActions(
  secrets: SecretsManagerService,
): ReadonlyMap<string, (input: JsonInput) => object> {
  return new Map(
    Object.entries<(input: JsonInput) => object>({
      CreateSecret: (input) =>
        secrets.createSecret({
          Name: required(input, 'Name'),
          Description: input.string('Description'),
          ClientRequestToken: clientRequestToken(input),
          ...secretValue(input),
        }),
      PutSecretValue: (input) =>
        secrets.putSecretValue({
          SecretId: required(input, 'SecretId'),
          ClientRequestToken: clientRequestToken(input),
          VersionStages: input.strings('VersionStages'),
          ...secretValue(input),
        }),
      GetSecretValue: (input) => {
        const { SecretBinary, ...output } = secrets.getSecretValue({
          SecretId: required(input, 'SecretId'),
          VersionId: input.string('VersionId'),
          VersionStage: input.string('VersionStage'),
        });
        return SecretBinary === undefined
          ? output
          : { ...output, SecretBinary: Buffer.from(SecretBinary).toString('base64') };
      },
      DescribeSecret: (input) => secrets.describeSecret({ SecretId: required(input, 'SecretId') }),
    }),
  );
}

function required(input: JsonInput, name: string): string {
  const value = input.string(name);
  if (value !== undefined) return value;
  throw new AwsError('InvalidParameterException', `You must provide a ${name} value.`);
}

/** The SDK generates a token; AWS rejects a request without one. */
function clientRequestToken(input: JsonInput): string {
  const token = input.string('ClientRequestToken');
  if (token !== undefined) return token;
  throw new AwsError(
    'InvalidRequestException',
    'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
  );
}

function secretValue(input: JsonInput): SecretValue {
  return { SecretString: input.string('SecretString'), SecretBinary: input.blob('SecretBinary') };
}
