import type { Deployment } from '../../local/template';

/** A hand-written template in CDK's shape: a webhook with an API key in front of a queue. */
export interface WebhookTemplateOptions {
  /** Merged into the properties of a resource. `null` removes the resource, and a new logical id adds one. */
  readonly changes?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
  /** Merged into the integration of both methods. */
  readonly integration?: Readonly<Record<string, unknown>>;
}

const contentTypes = ['application/json', 'text/plain', 'application/x-www-form-urlencoded'];

const stamps = [
  'Action=SendMessage',
  'MessageBody=$util.urlEncode($input.body)',
  'MessageAttribute.1.Name=requestId',
  'MessageAttribute.1.Value.DataType=String',
  'MessageAttribute.1.Value.StringValue=$util.urlEncode($context.extendedRequestId)',
  'MessageAttribute.2.Name=receivedAt',
  'MessageAttribute.2.Value.DataType=Number',
  'MessageAttribute.2.Value.StringValue=$context.requestTimeEpoch',
];
const eventStamp = [
  'MessageAttribute.3.Name=event',
  'MessageAttribute.3.Value.DataType=String',
  "MessageAttribute.3.Value.StringValue=$util.urlEncode($input.params().path.get('event'))",
];

export const integrationResponses = [
  { StatusCode: '500', ResponseTemplates: { 'application/json': '{"message":"not stored"}' } },
  {
    StatusCode: '200',
    SelectionPattern: '2\\d{2}',
    ResponseTemplates: {
      'application/json': '{"status":"queued","requestId":"$context.extendedRequestId"}',
    },
  },
  {
    StatusCode: '400',
    SelectionPattern: '400',
    ResponseTemplates: {
      'application/json': [
        "#if($input.path('$.Error.Code') == 'InvalidParameterValue')",
        '#set($context.responseOverride.status = 413)',
        '{"message":"too long"}',
        '#else',
        '{"message":"refused characters"}',
        '#end',
      ].join('\n'),
    },
  },
  {
    StatusCode: '413',
    SelectionPattern: '413',
    ResponseTemplates: { 'application/json': '{"message":"too long"}' },
  },
];

function post(resourceId: string, parts: readonly string[], integration: object) {
  return {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      ApiKeyRequired: true,
      AuthorizationType: 'NONE',
      HttpMethod: 'POST',
      ResourceId: { Ref: resourceId },
      RestApiId: { Ref: 'Api' },
      MethodResponses: ['200', '400', '413', '500'].map((StatusCode) => ({ StatusCode })),
      Integration: {
        Type: 'AWS',
        IntegrationHttpMethod: 'POST',
        PassthroughBehavior: 'NEVER',
        Credentials: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Uri: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':apigateway:',
              { Ref: 'AWS::Region' },
              ':sqs:path/',
              { Ref: 'AWS::AccountId' },
              '/',
              { 'Fn::GetAtt': ['Queue', 'QueueName'] },
            ],
          ],
        },
        RequestParameters: {
          'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
        },
        RequestTemplates: Object.fromEntries(contentTypes.map((type) => [type, parts.join('&')])),
        IntegrationResponses: integrationResponses,
        ...integration,
      },
    },
  };
}

export function webhookTemplate({ changes = {}, integration = {} }: WebhookTemplateOptions = {}): unknown {
  const resources: Record<string, { Type: string; Properties: object }> = {
    Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
    Role: { Type: 'AWS::IAM::Role', Properties: {} },
    Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'Api', ApiKeySourceType: 'HEADER' } },
    Webhook: {
      Type: 'AWS::ApiGateway::Resource',
      Properties: {
        ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
        PathPart: 'webhook',
        RestApiId: { Ref: 'Api' },
      },
    },
    Event: {
      Type: 'AWS::ApiGateway::Resource',
      Properties: { ParentId: { Ref: 'Webhook' }, PathPart: '{event}', RestApiId: { Ref: 'Api' } },
    },
    WebhookPost: post('Webhook', stamps, integration),
    EventPost: post('Event', [...stamps, ...eventStamp], integration),
    Deployment: { Type: 'AWS::ApiGateway::Deployment', Properties: { RestApiId: { Ref: 'Api' } } },
    Stage: {
      Type: 'AWS::ApiGateway::Stage',
      Properties: {
        StageName: 'v1',
        RestApiId: { Ref: 'Api' },
        DeploymentId: { Ref: 'Deployment' },
        AccessLogSetting: {
          DestinationArn: { 'Fn::GetAtt': ['LogGroup', 'Arn'] },
          Format: JSON.stringify({
            requestId: '$context.extendedRequestId',
            at: '$context.requestTimeEpoch',
            method: '$context.httpMethod',
            resourcePath: '$context.resourcePath',
            status: '$context.status',
            bytes: '$context.responseLength',
            sqs: '$context.integration.status',
            key: '$context.identity.apiKeyId',
            error: '$context.error.responseType',
          }),
        },
        MethodSettings: [
          {
            HttpMethod: '*',
            ResourcePath: '/*',
            ThrottlingRateLimit: 1000,
            ThrottlingBurstLimit: 2000,
          },
        ],
      },
    },
    LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: {} },
    Key: { Type: 'AWS::ApiGateway::ApiKey', Properties: { Enabled: true } },
    Plan: {
      Type: 'AWS::ApiGateway::UsagePlan',
      Properties: { ApiStages: [{ ApiId: { Ref: 'Api' }, Stage: { Ref: 'Stage' }, Throttle: {} }] },
    },
    PlanKey: {
      Type: 'AWS::ApiGateway::UsagePlanKey',
      Properties: { KeyId: { Ref: 'Key' }, KeyType: 'API_KEY', UsagePlanId: { Ref: 'Plan' } },
    },
  };
  const changed = Object.entries(changes).map(([logicalId, properties]): [string, unknown] => {
    const resource = resources[logicalId];
    if (resource === undefined || properties === null) return [logicalId, properties];
    return [logicalId, { ...resource, Properties: { ...resource.Properties, ...properties } }];
  });
  const all = [...new Map<string, unknown>([...Object.entries(resources), ...changed])];
  return { Resources: Object.fromEntries(all.filter(([, resource]) => resource !== null)) };
}

/** Knows only the queue of the template. */
export const deployment: Deployment = {
  region: 'eu-west-1',
  accountId: '000000000000',
  stackName: 'Local',
  attributes: (logicalId, attribute) =>
    logicalId === 'Queue' && attribute === 'QueueName' ? 'event-buffer' : undefined,
};
