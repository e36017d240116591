import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { APIGatewayClient, GetAccountCommand } from '@aws-sdk/client-api-gateway';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { count, duration } from '../terminal/terminal-text';
import { allRight, fault, isMissing, type Check } from './check';
import type { Synthesis } from './synthesis';

/** Whether the credentials belong to the account that the settings name. */
export const credentials = (name: string, config: EnvironmentConfig, region: string | undefined): Check => ({
  name: 'credentials',
  look: async () => {
    const sts = new STSClient({ region });
    const { Account: account = 'unknown', Arn: arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
    const found = `account ${account}, ${await sts.config.region()}, as ${arn}`;
    return config.account === undefined || config.account === account
      ? allRight(found)
      : fault(
          `${found}; config/${name}.ts names the account ${config.account}`,
          'Use credentials of that account, e.g. with AWS_PROFILE, or correct account.',
        );
  },
});

/** Whether `cdk bootstrap` has prepared the account for what this version of CDK deploys. */
export const bootstrap = (region: string | undefined, synthesis: Promise<Synthesis>): Check => ({
  name: 'bootstrap',
  look: async () => {
    const { parameter, version } = (await synthesis).bootstrap;
    const remedy = 'Run: npx cdk bootstrap aws://ACCOUNT/REGION (docs/deploy.md, step 1).';
    try {
      const { Parameter } = await new SSMClient({ region }).send(
        new GetParameterCommand({ Name: parameter }),
      );
      const value = Parameter?.Value ?? 'none';
      return Number(value) >= version
        ? allRight(`version ${value}, at least ${version} is needed`)
        : fault(`version ${value}; at least ${version} is needed`, remedy);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return fault(`there is no parameter ${parameter} in this account and region`, remedy);
    }
  },
});

/**
 * Whether API Gateway may write logs. It needs one role per account and region; without it, a stage with an access log
 * cannot be created.
 *
 * @param isDeployed whether the stack exists, and so has created its resources
 */
export const logRole = (
  name: string,
  { apiGatewayLogRole }: EnvironmentConfig,
  region: string | undefined,
  isDeployed: boolean,
): Check => ({
  name: 'log role',
  look: async () => {
    const { cloudwatchRoleArn: role } = await new APIGatewayClient({ region }).send(
      new GetAccountCommand({}),
    );
    if (role !== undefined && role !== '') return allRight(role);
    if (apiGatewayLogRole === 'exists') {
      return fault(
        'API Gateway has no role to write logs with in this account and region; the deployment would fail',
        `Set apiGatewayLogRole: 'create' in config/${name}.ts (docs/deploy.md, "The log role of API Gateway").`,
      );
    }
    return isDeployed
      ? fault(
          'API Gateway no longer has a role to write logs with: there is no access log',
          'Find out who changed the API Gateway account settings, and set the role of the stack again (needs administrator rights).',
        )
      : allRight('none yet; the deployment creates it');
  },
});

const expiryNoticeMs = 14 * 86_400_000;

/** Whether the certificate of the custom domain is issued, covers its name, and does not expire soon. */
export const certificate = (
  { domain }: EnvironmentConfig,
  region: string | undefined,
  now: () => number,
): Check => ({
  name: 'certificate',
  look: async () => {
    if (domain === undefined) return allRight('not needed: no custom domain');
    const arn = domain.certificateArn;
    try {
      const { Certificate: certificateOf = {} } = await new ACMClient({ region }).send(
        new DescribeCertificateCommand({ CertificateArn: arn }),
      );
      const { Status: status = 'unknown', NotAfter: notAfter } = certificateOf;
      if (status !== 'ISSUED') {
        return fault(
          `${arn} is ${status}`,
          'Create the DNS record that AWS Certificate Manager shows, and wait until the certificate is ISSUED.',
        );
      }
      const names = [certificateOf.DomainName ?? '', ...(certificateOf.SubjectAlternativeNames ?? [])];
      if (!names.some((certified) => covers(certified, domain.name))) {
        return fault(
          `the certificate is for ${[...new Set(names)].join(', ')}, not for ${domain.name}`,
          'Request one for this name, and set domain.certificateArn.',
        );
      }
      const left = (notAfter?.getTime() ?? Infinity) - now();
      return left < expiryNoticeMs
        ? fault(
            left < 0 ? 'the certificate has expired' : `the certificate expires in ${duration(left)}`,
            'AWS renews an issued certificate weeks before if its DNS record still exists; import an imported one again.',
          )
        : allRight(`issued for ${domain.name}`);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return fault(
        `there is no certificate ${arn} in this account and region`,
        'Correct domain.certificateArn; the certificate must be in the region of the stack.',
      );
    }
  },
});

/** A wildcard covers one label. */
const covers = (certified: string, host: string): boolean =>
  certified === host || (certified.startsWith('*.') && host.replace(/^[^.]+/, '*') === certified);

/** Whether the topics that the settings name exist, and CloudWatch can publish to them. */
export const topics = (name: string, { alarms }: EnvironmentConfig, region: string | undefined): Check => ({
  name: 'alarm topics',
  look: async () => {
    const destinations: readonly (object | undefined)[] =
      alarms === 'none' ? [] : [alarms.page, alarms.ticket];
    const arns = destinations.flatMap((destination) =>
      destination !== undefined && 'topicArn' in destination ? String(destination.topicArn) : [],
    );
    const distinct = [...new Set(arns)];
    const sns = new SNSClient({ region });
    for (const arn of distinct) {
      try {
        const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }));
        if (Attributes['KmsMasterKeyId'] === 'alias/aws/sns') {
          return fault(
            `${arn} is encrypted with alias/aws/sns, which CloudWatch cannot use: no notification arrives`,
            'Use a customer managed key that cloudwatch.amazonaws.com may use, or no key.',
          );
        }
      } catch (error) {
        if (!isMissing(error)) throw error;
        return fault(`there is no topic ${arn} in this region`, `Correct alarms in config/${name}.ts.`);
      }
    }
    return allRight(
      distinct.length === 0
        ? 'not needed: the settings name none'
        : `${count(distinct.length, 'topic')} found`,
    );
  },
});
