import type { Message, ReceiveMessageInput, SqsService } from './service';

/**
 * Receives messages with long polling: returns as soon as there is a message, or an empty list when the wait time is
 * over or the caller has disconnected. A disconnected caller never receives a message.
 *
 * @throws the errors of `SqsService.receiveMessage`, including those that occur while waiting.
 */
export async function receiveMessage(
  sqs: SqsService,
  queueName: string,
  input: ReceiveMessageInput,
  hungUp: AbortSignal,
): Promise<readonly Message[]> {
  const deadline = sqs.now() + sqs.waitTimeSeconds(queueName, input) * 1000;
  while (!hungUp.aborted) {
    const messages = sqs.receiveMessage(queueName, input);
    if (messages.length > 0 || sqs.now() >= deadline) return messages;
    await untilChange(sqs, queueName, deadline, hungUp);
  }
  return [];
}

function untilChange(
  sqs: SqsService,
  queueName: string,
  deadline: number,
  hungUp: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      unsubscribe();
      hungUp.removeEventListener('abort', stop);
      resolve();
    };
    const at = Math.min(deadline, sqs.nextVisibleAt(queueName) ?? deadline);
    const timer = setTimeout(stop, at - sqs.now());
    const unsubscribe = sqs.subscribe(queueName, stop);
    hungUp.addEventListener('abort', stop);
  });
}
