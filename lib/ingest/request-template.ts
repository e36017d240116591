import { ingressStamps } from '../../lambda/contract';

/**
 * The VTL template that turns a webhook into `SendMessage` of SQS's query protocol.
 *
 * Everything a caller controls goes through `$util.urlEncode`: a raw body could add or override parameters of
 * the call, such as `&Action=…` (F12, F14). VTL in the body is data and is not evaluated (F13).
 *
 * @param withEvent also stamp the event name of the path. SQS refuses empty attribute values, so the template of
 *   a path without one must leave the attribute out.
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
