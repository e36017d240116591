import { ArnFormat, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  ApiKey,
  ApiKeySourceType,
  AwsIntegration,
  EndpointType,
  MethodLoggingLevel,
  PassthroughBehavior,
  ResponseType,
  RestApi,
  SecurityPolicy,
  type IApiKey,
  type IntegrationResponse,
  type IRestApi,
  type IStage,
  type IUsagePlan,
  type Resource,
} from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AnyPrincipal,
  Effect,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { LogGroup, type ILogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ARecord, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { sendMessageTemplate } from './request-template';

/** Your own domain, with a certificate in the same region. */
export interface WebhookDomain {
  readonly name: string;
  readonly certificate: ICertificate;
  /**
   * The public hosted zone that gets the record.
   *
   * @default - no record: create it yourself
   */
  readonly hostedZone?: IHostedZone;
  /** Whether API Gateway refuses requests to the generated host, which changes if the API is replaced. */
  readonly disableExecuteApiEndpoint: boolean;
}

export interface WebhookApiProps {
  /** The API's name: the only dimension of API Gateway's metrics, so two APIs must not share one. */
  readonly name: string;
  /** The queue that stores webhooks durably. */
  readonly eventBuffer: IQueue;
  /** Names of the API keys; renaming one replaces its value. */
  readonly apiKeys: readonly string[];
  /**
   * CIDR ranges that may call the webhook.
   *
   * @default - any address that sends a valid key
   */
  readonly allowedCidrs?: readonly string[];
  /**
   * A custom domain.
   *
   * @default - only the generated `execute-api` host
   */
  readonly domain?: WebhookDomain;
  /** Whether this stack creates API Gateway's logging role: one per account and region. */
  readonly apiGatewayLogRole: 'create' | 'exists';
  /** How long access logs are retained. */
  readonly logRetention: RetentionDays;
}

/** The content types CleverTap sends; a missing one counts as JSON. All others are answered with 415. */
const contentTypes = ['application/json', 'text/plain', 'application/x-www-form-urlencoded'];

/**
 * The endpoint's answers, by the status of SQS. Exactly one entry has no pattern: any unforeseen status
 * becomes a 500, never a 200 for an event that is not stored. CleverTap counts only 200 as success.
 */
const responses: IntegrationResponse[] = [
  {
    statusCode: '500',
    responseTemplates: {
      'application/json': '{"message":"The event could not be stored. Send it again."}',
    },
  },
  {
    selectionPattern: '2\\d{2}',
    statusCode: '200',
    // Uses only $context: a response that reads SQS's answer could turn a stored event into an error.
    responseTemplates: {
      'application/json': '{"status":"queued","requestId":"$context.extendedRequestId"}',
    },
  },
  {
    selectionPattern: '400',
    statusCode: '400',
    // SQS answers 400 both to a long body and to characters it refuses. A pattern sees only the status, so
    // the template tells them apart.
    responseTemplates: {
      'application/json': [
        "#if($input.path('$.Error.Code') == 'InvalidParameterValue')",
        '#set($context.responseOverride.status = 413)',
        '{"message":"The body is too long: at most 512 KiB are promised. Send fewer profile variables or profiles."}',
        '#else',
        '{"message":"The body holds characters that cannot be stored: control characters other than tab and line breaks, or U+FFFE and U+FFFF."}',
        '#end',
      ].join('\n'),
    },
  },
  {
    selectionPattern: '413',
    statusCode: '413',
    responseTemplates: {
      'application/json':
        '{"message":"The body is too long: at most 512 KiB are promised. Send fewer profile variables or profiles."}',
    },
  },
];

/** Answers to wrong calls, with a remedy, which API Gateway's defaults lack. */
const refusals: [id: string, type: ResponseType, status: string, message: string][] = [
  ['InvalidApiKey', ResponseType.INVALID_API_KEY, '403', 'Send a valid API key in the header x-api-key.'],
  [
    'UnknownRoute',
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    '403',
    'Nothing is here. POST to /webhook or to /webhook/{event}.',
  ],
  [
    'UnsupportedMediaType',
    ResponseType.UNSUPPORTED_MEDIA_TYPE,
    '415',
    'Send the header Content-Type: application/json.',
  ],
  ['Throttled', ResponseType.THROTTLED, '429', 'Too many requests. Send the event again in a few seconds.'],
  [
    'RequestTooLarge',
    ResponseType.REQUEST_TOO_LARGE,
    '413',
    'The body is too long: at most 512 KiB are promised. Send fewer profile variables or profiles.',
  ],
];

/**
 * The fields of an access log line. Never the path, whose event name can be personal data, nor headers, query
 * or body.
 */
const accessLogFields = {
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
};

/**
 * The endpoint that CleverTap calls: a regional REST API that writes directly to the queue. No code of ours
 * and no cold start delays storing an event.
 */
export class WebhookApi extends Construct {
  /** URL to paste into CleverTap, ending in `/webhook`. */
  readonly webhookUrl: string;
  /** API keys by name. */
  readonly apiKeys: ReadonlyMap<string, IApiKey>;
  readonly api: IRestApi;
  readonly stage: IStage;
  /** The usage plan of all keys; API Gateway counts a key's requests in it. */
  readonly usagePlan: IUsagePlan;
  readonly accessLog: ILogGroup;
  /** Host that the custom domain's DNS record must point to. */
  readonly domainTarget: string | undefined;

  constructor(scope: Construct, id: string, props: WebhookApiProps) {
    super(scope, id);

    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const api = new RestApi(this, 'RestApi', {
      description: 'Receives CleverTap webhooks',
      restApiName: props.name,
      endpointTypes: [EndpointType.REGIONAL],
      // Omitted when false: CDK would render it, which changes the template and triggers a deployment.
      disableExecuteApiEndpoint: props.domain?.disableExecuteApiEndpoint === true ? true : undefined,
      apiKeySourceType: ApiKeySourceType.HEADER,
      cloudWatchRole: props.apiGatewayLogRole === 'create',
      // Other APIs of the account also log through this role.
      cloudWatchRoleRemovalPolicy: props.apiGatewayLogRole === 'create' ? RemovalPolicy.RETAIN : undefined,
      policy: props.allowedCidrs && onlyFrom(props.allowedCidrs),
      domainName: props.domain && {
        domainName: props.domain.name,
        certificate: props.domain.certificate,
        endpointType: EndpointType.REGIONAL,
        securityPolicy: SecurityPolicy.TLS_1_2,
      },
      deployOptions: {
        stageName: 'v1',
        // Well above 170 requests a second, CleverTap's fastest campaign throttle: a 429 loses an event. The
        // limit only protects against floods.
        throttlingRateLimit: 1000,
        throttlingBurstLimit: 2000,
        // Per-method metrics cost $3 a month; stage metrics are free.
        metricsEnabled: false,
        accessLogDestination: { bind: () => ({ destinationArn: arnOf(accessLog) }) },
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
        // Execution logs would hold paths, headers and, with tracing, bodies.
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
      },
    });

    if (props.domain?.hostedZone !== undefined && api.domainName !== undefined) {
      new ARecord(this, 'DomainRecord', {
        zone: props.domain.hostedZone,
        recordName: `${props.domain.name}.`,
        target: RecordTarget.fromAlias(new ApiGatewayDomain(api.domainName)),
      });
    }

    // RestApi's own output is the stage's root, where nothing answers; the stack outputs the webhook.
    api.node.tryRemoveChild('Endpoint');

    for (const [refusalId, type, statusCode, message] of refusals) {
      api.addGatewayResponse(refusalId, {
        type,
        statusCode,
        templates: { 'application/json': JSON.stringify({ message }) },
      });
    }

    // Not queue.grantSendMessages, which also allows reading the queue's attributes.
    const role = new Role(this, 'SendMessageRole', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [props.eventBuffer.queueArn] }),
    );

    const webhook = api.root.addResource('webhook');
    addPost(webhook, props.eventBuffer, role, { withEvent: false });
    addPost(webhook.addResource('{event}'), props.eventBuffer, role, { withEvent: true });

    const usagePlan = api.addUsagePlan('UsagePlan', {
      description: 'Callers of the webhook',
      apiStages: [{ api, stage: api.deploymentStage }],
    });
    this.apiKeys = new Map(
      props.apiKeys.map((name) => {
        const key = new ApiKey(this, `ApiKey-${name}`, { description: `CleverTap webhook key ${name}` });
        usagePlan.addApiKey(key);
        return [name, key];
      }),
    );

    this.webhookUrl =
      props.domain === undefined ? api.urlForPath('/webhook') : `https://${props.domain.name}/webhook`;
    this.api = api;
    this.stage = api.deploymentStage;
    this.usagePlan = usagePlan;
    this.accessLog = accessLog;
    this.domainTarget = api.domainName?.domainNameAliasDomainName;

    Validations.of(api).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'Any body is stored and validated later: CleverTap has no replay, so a request refused here would be lost.',
      },
      {
        id: 'AwsSolutions-APIG3',
        reason:
          "No WAF: AWS's common rule set blocks bodies over 8 KB, and CleverTap does not send a blocked event again.",
      },
      {
        id: 'AwsSolutions-APIG4',
        reason:
          'Methods require an API key, checked by API Gateway. An authorizer function would run code before the event is stored.',
      },
      {
        id: 'AwsSolutions-COG4',
        reason: 'The caller is CleverTap, which cannot sign in to a user pool.',
      },
      {
        id: 'AwsSolutions-APIG6',
        reason:
          'Execution logs hold paths, which can carry personal data; the access log holds what is needed.',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason: 'AWS documents this managed policy for the account-wide logging role of API Gateway.',
      },
    );
  }
}

/** Without the trailing `:*` that CDK adds or not, depending on a feature flag of the app. */
const arnOf = (logGroup: ILogGroup): string =>
  Stack.of(logGroup).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logGroup.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

function addPost(resource: Resource, queue: IQueue, role: Role, template: { withEvent: boolean }): void {
  const body = sendMessageTemplate(template);
  resource.addMethod(
    'POST',
    new AwsIntegration({
      service: 'sqs',
      integrationHttpMethod: 'POST',
      path: `${Stack.of(queue).account}/${queue.queueName}`,
      options: {
        credentialsRole: role,
        requestParameters: {
          'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
        },
        // By default API Gateway would pass the raw body of an unlisted content type to SQS as the call
        // itself.
        passthroughBehavior: PassthroughBehavior.NEVER,
        requestTemplates: Object.fromEntries(contentTypes.map((type) => [type, body])),
        integrationResponses: responses,
      },
    }),
    {
      apiKeyRequired: true,
      methodResponses: responses.map(({ statusCode }) => ({ statusCode })),
    },
  );
}

/** A resource policy that allows only these ranges. */
function onlyFrom(cidrs: readonly string[]): PolicyDocument {
  const invoke = {
    principals: [new AnyPrincipal()],
    actions: ['execute-api:Invoke'],
    resources: ['execute-api:/*'],
  };
  return new PolicyDocument({
    statements: [
      new PolicyStatement({ ...invoke, effect: Effect.ALLOW }),
      new PolicyStatement({
        ...invoke,
        effect: Effect.DENY,
        conditions: { NotIpAddress: { 'aws:SourceIp': cidrs } },
      }),
    ],
  });
}
