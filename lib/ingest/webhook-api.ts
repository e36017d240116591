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

/** A domain of yours, with a certificate in the same region. */
export interface WebhookDomain {
  readonly name: string;
  readonly certificate: ICertificate;
  /**
   * The public hosted zone that gets the record.
   *
   * @default - no record: somebody else makes it
   */
  readonly hostedZone?: IHostedZone;
  /** Whether API Gateway refuses requests to the generated host, which another API would not have. */
  readonly disableExecuteApiEndpoint: boolean;
}

export interface WebhookApiProps {
  /** The name of the API: the only dimension of API Gateway's metrics, which two APIs must not share. */
  readonly name: string;
  /** The queue that makes a webhook durable. */
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
  /** Whether this stack creates the role by which API Gateway writes logs: one per account and region. */
  readonly apiGatewayLogRole: 'create' | 'exists';
  /** How long access logs are kept. */
  readonly logRetention: RetentionDays;
}

/** The content types CleverTap sends; none at all counts as JSON. Anything else is answered with 415 (F07, F11). */
const contentTypes = ['application/json', 'text/plain', 'application/x-www-form-urlencoded'];

/**
 * What the endpoint answers, by the status of SQS. Exactly one entry has no pattern: whatever SQS may answer in
 * future becomes a 500, never a 200 for an event that is not stored (F03). CleverTap counts 200 alone as
 * success (F04).
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
    // From $context alone: a response that reads what SQS said could turn a stored event into an error.
    responseTemplates: {
      'application/json': '{"status":"queued","requestId":"$context.extendedRequestId"}',
    },
  },
  {
    selectionPattern: '400',
    statusCode: '400',
    // SQS answers 400 both for a body that is too long and for characters it refuses (F05, F06); a pattern sees
    // only the status, so the template tells them apart.
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

/** What a person reads who called the endpoint wrongly; the defaults of API Gateway name no remedy. */
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
 * The fields of an access log line. Never the path, which can carry personal data in the event name, and no
 * header, query or body (F68).
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
 * The endpoint CleverTap calls: a regional REST API that writes to the queue by itself, so that no code of ours
 * and no cold start stands between an event and its durability (F01).
 */
export class WebhookApi extends Construct {
  /** URL to paste into CleverTap, ending in `/webhook`. */
  readonly webhookUrl: string;
  /** The API keys by their names. */
  readonly apiKeys: ReadonlyMap<string, IApiKey>;
  readonly api: IRestApi;
  readonly stage: IStage;
  /** The plan all keys are in: API Gateway counts the requests of a key by it. */
  readonly usagePlan: IUsagePlan;
  readonly accessLog: ILogGroup;
  /** Host the custom domain's DNS record must point at. */
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
      // Left out where it is open: what CDK writes for false is another template, and another deployment.
      disableExecuteApiEndpoint: props.domain?.disableExecuteApiEndpoint === true ? true : undefined,
      apiKeySourceType: ApiKeySourceType.HEADER,
      cloudWatchRole: props.apiGatewayLogRole === 'create',
      // Other APIs of the account log through this role, too.
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
        // Well above the 170 requests a second of CleverTap's fastest campaign throttle: a 429 is a lost event
        // (F02). The limit is there for floods (F10).
        throttlingRateLimit: 1000,
        throttlingBurstLimit: 2000,
        // Those of single methods cost $3 a month; the metrics of the stage are there without them.
        metricsEnabled: false,
        accessLogDestination: { bind: () => ({ destinationArn: arnOf(accessLog) }) },
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
        // Execution logs would hold paths, headers and, traced, bodies (F68).
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

    // RestApi puts out the root of the stage, where nothing is; the stack puts out the webhook.
    api.node.tryRemoveChild('Endpoint');

    for (const [refusalId, type, statusCode, message] of refusals) {
      api.addGatewayResponse(refusalId, {
        type,
        statusCode,
        templates: { 'application/json': JSON.stringify({ message }) },
      });
    }

    // Not queue.grantSendMessages, which also allows to read the queue's attributes (F73).
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
          'Any body is stored and judged later: a request refused here would be lost, as CleverTap has no replay.',
      },
      {
        id: 'AwsSolutions-APIG3',
        reason:
          "No WAF: AWS's common rule set blocks bodies over 8 KB, and CleverTap does not send a blocked event again.",
      },
      {
        id: 'AwsSolutions-APIG4',
        reason:
          'Methods require an API key, checked by API Gateway. An authorizer function would be code before durability.',
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
        reason: 'The account-wide log role of API Gateway takes the managed policy AWS documents for it.',
      },
    );
  }
}

/** Without the `:*` that CDK puts at its end or not, by a feature flag of the app. */
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
        // The default would hand the raw body of an unlisted content type to SQS as the call itself (F11).
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

/** A resource policy that lets in the ranges and denies everybody else. */
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
