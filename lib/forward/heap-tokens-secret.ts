import { RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { secretPlaceholder } from '../../lambda/contract';

export interface HeapTokensSecretProps {
  /** The name of the pipeline it belongs to. */
  readonly name: string;
}

/**
 * The secret `{"appId":"…"}`, optionally with `{"header":{"name":"…","value":"…"}}` for accounts whose Heap
 * requires a token. Its value is stored after the first deployment and never appears in a template.
 */
export class HeapTokensSecret extends Construct {
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, props: HeapTokensSecretProps) {
    super(scope, id);

    this.secret = new Secret(this, 'Secret', {
      // Lists of secrets show only this and the generated name.
      description: `Heap app id of ${props.name}: {"appId":"<digits>"}`,
      // Without a value CDK would generate a password. This literal must never change: CloudFormation would
      // overwrite the live app id with it. Until the app id is stored, messages wait in the queue.
      secretStringValue: SecretValue.unsafePlainText(secretPlaceholder),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });

    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'A Heap app id identifies an environment in Heap and cannot be rotated.',
    });
  }
}
