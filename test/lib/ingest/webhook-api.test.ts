import { Match, type Template } from 'aws-cdk-lib/assertions';
import { render } from 'velocityjs';
import { sendMessageTemplate } from '../../../lib/ingest/request-template';
import { allSettings } from '../../support/settings';
import { synthTemplate } from '../../support/synth';
import { outputs, resource, resources } from '../../support/template';

interface Method {
  HttpMethod: string;
  ResourceId: string;
  ApiKeyRequired: boolean;
  MethodResponses: { StatusCode: string; ResponseModels?: object; ResponseParameters?: object }[];
  Integration: {
    Type: string;
    IntegrationHttpMethod: string;
    Uri: string;
    PassthroughBehavior: string;
    RequestParameters: Record<string, string>;
    RequestTemplates: Record<string, string>;
    IntegrationResponses: {
      StatusCode: string;
      SelectionPattern?: string;
      ResponseTemplates: Record<string, string>;
    }[];
  };
}

interface Stage {
  StageName: string;
  AccessLogSetting: { DestinationArn: string; Format: string };
  MethodSettings: Record<string, unknown>[];
}

const template = synthTemplate();
const paths = new Map(
  resources<{ PathPart: string; ParentId: string }>(template, 'AWS::ApiGateway::Resource').map(
    ({ logicalId, Properties }) => [`\${${logicalId}}`, Properties],
  ),
);
const pathOf = (resourceId: string): string => {
  const found = paths.get(resourceId);
  return found === undefined ? '' : `${pathOf(found.ParentId)}/${found.PathPart}`;
};
const methods = resources<Method>(template, 'AWS::ApiGateway::Method').map(({ Properties }) => ({
  path: pathOf(Properties.ResourceId),
  ...Properties,
}));
const stage = resource<Stage>(template, 'AWS::ApiGateway::Stage').Properties;
const restApi = resource<{ Policy?: object }>(template, 'AWS::ApiGateway::RestApi');

it('F08 answers only POST on two paths', () => {
  expect(methods.map(({ HttpMethod, path }) => `${HttpMethod} ${path}`)).toEqual([
    'POST /webhook',
    'POST /webhook/{event}',
  ]);
  expect(paths.size).toBe(2);
});

it('F76 is regional', () => {
  template.hasResourceProperties('AWS::ApiGateway::RestApi', {
    EndpointConfiguration: { Types: ['REGIONAL'] },
  });
});

describe.each(methods)('$HttpMethod $path', ({ path, ApiKeyRequired, MethodResponses, Integration }) => {
  const withEvent = path.endsWith('{event}');

  it('F01 writes to the queue without any code', () => {
    expect(Integration).toMatchObject({
      Type: 'AWS',
      IntegrationHttpMethod: 'POST',
      Uri: `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:sqs:path/\${AWS::AccountId}/\${${
        resource(template, 'AWS::SQS::Queue', 'EventBufferQueue').logicalId
      }.QueueName}`,
    });
  });

  it('F09 requires an API key', () => {
    expect(ApiKeyRequired).toBe(true);
  });

  it('F11 passes on only bodies that a template encoded', () => {
    expect(Integration.PassthroughBehavior).toBe('NEVER');
    expect(Integration.RequestTemplates).toEqual({
      'application/json': sendMessageTemplate({ withEvent }),
      'text/plain': sendMessageTemplate({ withEvent }),
      'application/x-www-form-urlencoded': sendMessageTemplate({ withEvent }),
    });
  });

  it('F14 passes request parameters to SQS only through the template', () => {
    expect(Integration.RequestParameters).toEqual({
      'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
    });
  });

  it(`passes on ${withEvent ? 'the' : 'no'} event name of the path`, () => {
    for (const text of Object.values(Integration.RequestTemplates)) {
      expect(text.includes('.Name=event&')).toBe(withEvent);
      expect(text.includes('$input.params')).toBe(withEvent);
    }
  });

  it('F03 answers unknown statuses with 500, and only with 500', () => {
    const defaults = Integration.IntegrationResponses.filter((each) => each.SelectionPattern === undefined);
    expect(defaults.map(({ StatusCode }) => StatusCode)).toEqual(['500']);
  });

  it('F02 F03 F04 answers exactly 200 for 2xx of SQS and for no other status', () => {
    for (let status = 100; status <= 599; status += 1) {
      const selected = Integration.IntegrationResponses.filter(
        ({ SelectionPattern: pattern }) =>
          pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(String(status)),
      ).map(({ StatusCode }) => StatusCode);
      const is2xx = status >= 200 && status <= 299;
      const specific = status === 400 ? ['400'] : status === 413 ? ['413'] : [];
      expect([status, selected]).toEqual([status, is2xx ? ['200'] : specific]);
    }
  });

  it('selects the same answer whether or not patterns must match the whole status', () => {
    for (const { SelectionPattern: pattern } of Integration.IntegrationResponses) {
      if (pattern === undefined) continue;
      for (let status = 100; status <= 599; status += 1) {
        const text = String(status);
        expect(new RegExp(pattern).test(text)).toBe(new RegExp(`^(?:${pattern})$`).test(text));
      }
    }
  });

  it('F04 has no success but 200', () => {
    const declared = MethodResponses.map(({ StatusCode }) => StatusCode);
    expect([...declared].sort()).toEqual(['200', '400', '413', '500']);
    expect(Integration.IntegrationResponses.map(({ StatusCode }) => StatusCode).sort()).toEqual(
      [...declared].sort(),
    );
  });

  it('F04 builds the success only from the context, as JSON', () => {
    const success = Integration.IntegrationResponses.find(({ StatusCode }) => StatusCode === '200');
    expect(success?.ResponseTemplates).toEqual({
      'application/json': '{"status":"queued","requestId":"$context.extendedRequestId"}',
    });
  });

  it.each([
    ['InvalidParameterValue', 413, 'too long'],
    ['InvalidMessageContents', undefined, 'characters'],
    ['', undefined, 'characters'],
  ])("answers SQS's 400 %s with status %s, about: %s", (code, override, message) => {
    const refused = Integration.IntegrationResponses.find(({ StatusCode }) => StatusCode === '400');
    const responseOverride: { status?: number } = {};
    const answer = render(refused?.ResponseTemplates['application/json'] ?? '', {
      input: { path: (path: string) => (path === '$.Error.Code' ? code : '') },
      context: { responseOverride },
    });
    expect(responseOverride.status).toBe(override);
    expect(JSON.parse(answer)).toEqual({ message: expect.stringContaining(message) as string });
  });

  it('answers in readable JSON', () => {
    for (const { StatusCode, ResponseTemplates } of Integration.IntegrationResponses) {
      expect(Object.keys(ResponseTemplates)).toEqual(['application/json']);
      if (StatusCode === '400') continue;
      expect(JSON.parse(ResponseTemplates['application/json'] ?? '')).toEqual(expect.any(Object));
    }
  });
});

describe('F11 F73 the role of the integration', () => {
  const role = resource(template, 'AWS::IAM::Role', 'WebhookApiSendMessageRole');

  it('may only send to the event buffer', () => {
    const policies = resources<{ Roles: string[]; PolicyDocument: { Statement: object[] } }>(
      template,
      'AWS::IAM::Policy',
    ).filter(({ Properties }) => Properties.Roles.includes(`\${${role.logicalId}}`));
    expect(policies.map(({ Properties }) => Properties.PolicyDocument.Statement)).toEqual([
      [
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: `\${${resource(template, 'AWS::SQS::Queue', 'EventBufferQueue').logicalId}.Arn}`,
        },
      ],
    ]);
    expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(role.Properties).not.toHaveProperty('Policies');
  });

  it('can be assumed only by API Gateway', () => {
    expect(role.Properties).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: 'apigateway.amazonaws.com' },
          },
        ],
      },
    });
  });
});

describe('the stage', () => {
  it("F02 F10 throttles only floods, far above CleverTap's rate", () => {
    expect(stage.MethodSettings).toEqual([
      {
        HttpMethod: '*',
        ResourcePath: '/*',
        ThrottlingRateLimit: expect.any(Number) as number,
        ThrottlingBurstLimit: expect.any(Number) as number,
        MetricsEnabled: false,
        LoggingLevel: 'OFF',
        DataTraceEnabled: false,
      },
    ]);
    const [{ ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = {}] = stage.MethodSettings;
    expect(rate).toBeGreaterThanOrEqual(1000);
    expect(rate).toBeLessThanOrEqual(10_000);
    expect(burst).toBeGreaterThanOrEqual(2000);
    expect(burst).toBeLessThanOrEqual(10_000);
  });

  it('F68 logs only these fields of a request', () => {
    expect(JSON.parse(stage.AccessLogSetting.Format)).toEqual({
      requestId: '$context.extendedRequestId',
      receivedAt: '$context.requestTimeEpoch',
      method: '$context.httpMethod',
      resourcePath: '$context.resourcePath',
      status: '$context.status',
      responseBytes: '$context.responseLength',
      latencyMs: '$context.responseLatency',
      integrationStatus: '$context.integration.status',
      integrationLatencyMs: '$context.integrationLatency',
      apiKeyId: '$context.identity.apiKeyId',
      errorType: '$context.error.responseType',
    });
  });

  it('F68 logs no path, identity, header, query or body', () => {
    const variables = stage.AccessLogSetting.Format.match(/\$[\w.]+/g) ?? [];
    expect(variables.filter((variable) => variable.startsWith('$context.identity'))).toEqual([
      '$context.identity.apiKeyId',
    ]);
    expect(variables.filter((variable) => !variable.startsWith('$context.'))).toEqual([]);
    expect(variables).not.toContain('$context.path');
    expect(stage.AccessLogSetting.Format).not.toMatch(/\$input|header|query|body|authorizer/i);
  });

  it('F68 keeps no execution log, which would hold paths and bodies', () => {
    for (const settings of stage.MethodSettings) {
      expect(settings).toMatchObject({ LoggingLevel: 'OFF', DataTraceEnabled: false });
    }
  });

  it.each([
    [{}, 30],
    [{ logRetentionDays: 90 }, 90],
  ])('keeps the access log as long as the settings %j say', (overrides, days) => {
    const changed = synthTemplate(overrides);
    const log = resource(changed, 'AWS::Logs::LogGroup', 'WebhookApiAccessLog');
    expect(log.Properties).toMatchObject({ RetentionInDays: days });
    expect(
      resource<Stage>(changed, 'AWS::ApiGateway::Stage').Properties.AccessLogSetting.DestinationArn,
    ).toBe(`arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:\${${log.logicalId}}`);
  });
});

describe('API keys', () => {
  const two = synthTemplate({ apiKeys: ['blue', 'green'] });

  /** The logical ids of a key and of its entry in the usage plan. */
  const idsOf = (from: Template, name: string): string[] => {
    const key = resources<{ Description: string }>(from, 'AWS::ApiGateway::ApiKey').find(
      ({ Properties }) => Properties.Description === `CleverTap webhook key ${name}`,
    );
    const places = resources<{ KeyId: string }>(from, 'AWS::ApiGateway::UsagePlanKey').filter(
      ({ Properties }) => Properties.KeyId === `\${${key?.logicalId ?? ''}}`,
    );
    return [key?.logicalId ?? '', ...places.map(({ logicalId }) => logicalId)];
  };

  it('F10 are in the one usage plan of the stage, which has no quota that would refuse events', () => {
    const plan = resource<{ ApiStages: object[]; Quota?: object; Throttle?: object }>(
      two,
      'AWS::ApiGateway::UsagePlan',
    );
    expect(plan.Properties.ApiStages).toEqual([
      {
        ApiId: `\${${resource(two, 'AWS::ApiGateway::RestApi').logicalId}}`,
        Stage: `\${${resource(two, 'AWS::ApiGateway::Stage').logicalId}}`,
        Throttle: {},
      },
    ]);
    expect(plan.Properties.Quota).toBeUndefined();
    expect(plan.Properties.Throttle).toBeUndefined();
    two.resourceCountIs('AWS::ApiGateway::ApiKey', 2);
    two.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 2);
    two.allResourcesProperties('AWS::ApiGateway::UsagePlanKey', {
      KeyType: 'API_KEY',
      UsagePlanId: { Ref: plan.logicalId },
    });
    two.allResourcesProperties('AWS::ApiGateway::ApiKey', { Enabled: true });
  });

  it('F09 have no value in the template', () => {
    for (const { Properties } of resources(two, 'AWS::ApiGateway::ApiKey')) {
      expect(Object.keys(Properties).sort()).toEqual(['Description', 'Enabled']);
    }
  });

  it.each([
    ['added', ['blue'], 'blue'],
    ['removed', ['green'], 'green'],
    ['moved', ['green', 'blue'], 'blue'],
  ])('stay as they are when another one is %s', (_, apiKeys, name) => {
    const ids = idsOf(two, name);
    expect(ids).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    expect(idsOf(synthTemplate({ apiKeys }), name)).toEqual(ids);
  });

  it('are outputs as ids, to look up the value', () => {
    expect(outputs(two)).toMatchObject({
      ApiKeyIdblue: `\${${idsOf(two, 'blue')[0] ?? ''}}`,
      ApiKeyIdgreen: `\${${idsOf(two, 'green')[0] ?? ''}}`,
    });
  });
});

describe('the address list', () => {
  const listed = synthTemplate({ allowedCidrs: ['52.94.76.0/24', '2600:1f00::/24'] });

  it('is absent by default: any address with a key', () => {
    expect(restApi.Properties).not.toHaveProperty('Policy');
  });

  it('F09 allows its ranges and denies everything else', () => {
    const everybody = { Principal: { AWS: '*' }, Action: 'execute-api:Invoke', Resource: 'execute-api:/*' };
    listed.hasResourceProperties('AWS::ApiGateway::RestApi', {
      Policy: {
        Version: '2012-10-17',
        Statement: [
          { ...everybody, Effect: 'Allow' },
          {
            ...everybody,
            Effect: 'Deny',
            Condition: { NotIpAddress: { 'aws:SourceIp': ['52.94.76.0/24', '2600:1f00::/24'] } },
          },
        ],
      },
    });
    listed.allResourcesProperties('AWS::ApiGateway::Method', { ApiKeyRequired: true });
  });

  it('takes effect with the deployment that changes it', () => {
    const deployments = [template, listed, synthTemplate({ allowedCidrs: ['52.94.77.0/24'] })].map(
      (each) => resource(each, 'AWS::ApiGateway::Deployment').logicalId,
    );
    expect(new Set(deployments).size).toBe(3);
  });
});

describe('a custom domain', () => {
  const { account, region } = allSettings;
  const { hostedZone, disableExecuteApiEndpoint, ...domain } = allSettings.domain;
  const own = synthTemplate({ account, region, domain });

  it('is absent by default', () => {
    template.resourceCountIs('AWS::ApiGateway::DomainName', 0);
    template.resourceCountIs('AWS::ApiGateway::BasePathMapping', 0);
    expect(outputs(template)).not.toHaveProperty('WebhookDomainTarget');
  });

  it('is regional, requires TLS 1.2 and uses the certificate', () => {
    own.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: domain.name,
      EndpointConfiguration: { Types: ['REGIONAL'] },
      RegionalCertificateArn: domain.certificateArn,
      SecurityPolicy: 'TLS_1_2',
    });
  });

  it('maps to the stage without a base path', () => {
    own.hasResourceProperties('AWS::ApiGateway::BasePathMapping', {
      BasePath: Match.absent(),
      DomainName: { Ref: resource(own, 'AWS::ApiGateway::DomainName').logicalId },
      RestApiId: { Ref: resource(own, 'AWS::ApiGateway::RestApi').logicalId },
      Stage: { Ref: resource(own, 'AWS::ApiGateway::Stage').logicalId },
    });
  });

  it('is in the URL, and its target is an output', () => {
    expect(outputs(own)).toMatchObject({
      WebhookUrl: 'https://hooks.clevertap-to-heap.dev/webhook',
      WebhookDomainTarget: `\${${resource(own, 'AWS::ApiGateway::DomainName').logicalId}.RegionalDomainName}`,
    });
  });

  it('keeps the generated URL working while campaigns move one by one', () => {
    for (const each of [template, own]) {
      each.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: Match.absent() });
    }
  });

  it('is the only host from the deployment that disables the other', () => {
    const closed = synthTemplate({ account, region, domain: { ...domain, disableExecuteApiEndpoint } });
    closed.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
    // API Gateway applies the change with the API's next deployment.
    const deployments = [own, closed].map((each) => resource(each, 'AWS::ApiGateway::Deployment').logicalId);
    expect(new Set(deployments).size).toBe(2);
    expect(resource(closed, 'AWS::ApiGateway::RestApi').logicalId).toBe('WebhookApiRestApiF01EE63D');
  });

  it('has a record only if there is a hosted zone', () => {
    own.resourceCountIs('AWS::Route53::RecordSet', 0);
    const recorded = synthTemplate({ account, region, domain: { ...domain, hostedZone } });
    const { logicalId } = resource(recorded, 'AWS::ApiGateway::DomainName');
    expect(resource(recorded, 'AWS::Route53::RecordSet').Properties).toEqual({
      Name: 'hooks.clevertap-to-heap.dev.',
      Type: 'A',
      HostedZoneId: 'Z0123456789ABCDEFGHIJ',
      AliasTarget: {
        DNSName: `\${${logicalId}.RegionalDomainName}`,
        HostedZoneId: `\${${logicalId}.RegionalHostedZoneId}`,
      },
    });
  });

  it('may be the zone itself', () => {
    const apex = { ...domain, hostedZone: { id: 'Z1', name: domain.name } };
    const recorded = synthTemplate({ account, region, domain: apex });
    expect(resource(recorded, 'AWS::Route53::RecordSet').Properties).toMatchObject({
      Name: 'hooks.clevertap-to-heap.dev.',
      HostedZoneId: 'Z1',
    });
  });
});

describe('the logging role of API Gateway', () => {
  it('is not created when it exists', () => {
    template.resourceCountIs('AWS::ApiGateway::Account', 0);
    expect(resources(template, 'AWS::IAM::Role').map(({ logicalId }) => logicalId)).toEqual([
      expect.stringMatching(/^WebhookApiSendMessageRole/),
      expect.stringMatching(/^HeapForwarderRole/),
    ]);
  });

  it('is created and retained: other APIs use it', () => {
    const creating = synthTemplate({ apiGatewayLogRole: 'create' });
    const account = resource(creating, 'AWS::ApiGateway::Account');
    const role = resource(creating, 'AWS::IAM::Role', 'WebhookApiRestApiCloudWatchRole');
    expect(account.Properties).toEqual({ CloudWatchRoleArn: `\${${role.logicalId}.Arn}` });
    for (const { DeletionPolicy, UpdateReplacePolicy } of [account, role]) {
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    }
    // Creating a stage with an access log requires the role.
    expect(resource(creating, 'AWS::ApiGateway::Stage').DependsOn).toEqual([account.logicalId]);
  });
});

describe('the answers of API Gateway itself', () => {
  const answers = resources<{
    ResponseType: string;
    StatusCode: string;
    ResponseTemplates: Record<string, string>;
  }>(template, 'AWS::ApiGateway::GatewayResponse').map(({ Properties }) => Properties);

  it.each([
    ['INVALID_API_KEY', '403', 'x-api-key'],
    ['MISSING_AUTHENTICATION_TOKEN', '403', '/webhook/{event}'],
    ['UNSUPPORTED_MEDIA_TYPE', '415', 'Content-Type: application/json'],
    ['THROTTLED', '429', 'again'],
    ['REQUEST_TOO_LARGE', '413', '512 KiB'],
  ])('%s is %s and names the remedy: %s', (type, status, remedy) => {
    const answer = answers.find(({ ResponseType }) => ResponseType === type);
    expect(answer?.StatusCode).toBe(status);
    expect(Object.keys(answer?.ResponseTemplates ?? {})).toEqual(['application/json']);
    expect(JSON.parse(answer?.ResponseTemplates['application/json'] ?? '')).toEqual({
      message: expect.stringContaining(remedy) as string,
    });
  });

  it('F03 are never a success and repeat nothing of the request', () => {
    expect(answers).toHaveLength(5);
    for (const { StatusCode, ResponseTemplates } of answers) {
      expect(Number(StatusCode)).toBeGreaterThanOrEqual(400);
      expect(ResponseTemplates['application/json']).not.toContain('$');
    }
  });
});
