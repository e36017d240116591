import { SqsService } from '../../../../local/aws/sqs/service';

function queueOf(count: number): SqsService {
  const sqs = new SqsService({ clock: { now: () => 0 } });
  sqs.createQueue('q');
  for (let n = 0; n < count; n++) sqs.sendMessage('q', { MessageBody: String(n) });
  return sqs;
}

test('has no more than 120,000 messages in flight: a short poll fails, a long one gets nothing', () => {
  const sqs = queueOf(120_001);
  const handles: string[] = [];
  for (let n = 0; n < 12_000; n++) {
    const received = sqs.receiveMessage('q', { MaxNumberOfMessages: 10 });
    handles.push(...received.map(({ ReceiptHandle }) => ReceiptHandle));
  }
  expect(handles).toHaveLength(120_000);

  expect(() => sqs.receiveMessage('q')).toThrow('The queue has 120000 messages in flight.');
  expect(sqs.receiveMessage('q', { WaitTimeSeconds: 20 })).toEqual([]);
  sqs.deleteMessage('q', handles[0]!);
  expect(sqs.receiveMessage('q', { MaxNumberOfMessages: 10 })).toMatchObject([{ Body: '120000' }]);
});

// If a receive or a delete scanned every message, this would take minutes.
test('passes 100,000 messages through send, receive, a changed visibility and delete, in order', () => {
  const sqs = queueOf(100_000);
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
