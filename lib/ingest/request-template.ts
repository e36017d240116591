import { ingressStamps } from '../../lambda/contract';

/**
 * The VTL template that turns a webhook into a `SendMessage` call of SQS's query protocol.
 *
 * Everything that a caller controls goes through `$util.urlEncode`: a raw body could add or override
 * parameters, such as `&Action=…`. VTL in the body is data and is not evaluated.
 *
 * @param withEvent also pass on the event name of the path. SQS refuses empty attribute values, so a path
 * without an event name needs a template without the attribute.
 */
export function sendMessageTemplate({ withEvent }: { withEvent: boolean }): string {
  return [
    'Action=SendMessage',
    'MessageBody=$util.urlEncode($input.body)',
    ...attribute(1, ingressStamps.requestId, 'String', '$util.urlEncode($context.extendedRequestId)'),
    ...attribute(2, ingressStamps.receivedAt, 'Number', '$context.requestTimeEpoch'),
    ...(withEvent
      ? attribute(3, ingressStamps.event, 'String', "$util.urlEncode($input.params().path.get('event'))")
      : []),
  ].join('&');
}

function attribute(number: number, name: string, dataType: 'String' | 'Number', value: string): string[] {
  const prefix = `MessageAttribute.${number}`;
  return [
    `${prefix}.Name=${name}`,
    `${prefix}.Value.DataType=${dataType}`,
    `${prefix}.Value.StringValue=${value}`,
  ];
}
