import type { Message, ReceiveMessageInput, SqsService } from './service';

/**
 * ReceiveMessage with its wait: answers as soon as there is a message, else with none when the time is over
 * or the caller has hung up; a message is never received for a caller who is gone.
 *
 * @throws the errors of `SqsService.receiveMessage`, also when they arise while it waits.
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
    await nextChance(sqs, queueName, deadline, hungUp);
  }
  return [];
}

function nextChance(
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
