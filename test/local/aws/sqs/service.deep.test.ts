import { SqsService } from '../../../../local/aws/sqs/service';

// If a receive or a delete scanned every message, this would take minutes.
test('passes 100,000 messages through send, receive, a changed visibility and delete, in order', () => {
  const sqs = new SqsService({ clock: { now: () => 0 } });
  sqs.createQueue('q');
  for (let n = 0; n < 100_000; n++) sqs.sendMessage('q', { MessageBody: String(n) });
  const bodies: string[] = [];
  for (;;) {
    const messages = sqs.receiveMessage('q', { MaxNumberOfMessages: 10 });
    if (messages.length === 0) break;
    for (const { Body, ReceiptHandle } of messages) {
      bodies.push(Body);
      sqs.changeMessageVisibility('q', ReceiptHandle, 600);
      sqs.deleteMessage('q', ReceiptHandle);
    }
  }

  expect(bodies).toEqual(Array.from({ length: 100_000 }, (_, n) => String(n)));
  expect(sqs.nextVisibleAt('q')).toBeUndefined();
});
