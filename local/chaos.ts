import { Faults } from './faults';
import type { SqsEvent } from './lambda/event-source-mapping';
import type { FunctionProcess } from './lambda/function-process';
import { between } from './random';

/** Counted from the start of an invocation; covers all its calls. */
const KILL_AFTER_MS = { min: 0, max: 250 };

/** Injects the common faults into a stack on this machine. */
export class Chaos extends Faults {
  /**
   * Invokes the function unless chaos throttles the invocation. Some messages appear twice in the event, and some
   * processes are killed midway.
   *
   * @throws an error for a throttled invocation, and those of `FunctionProcess`.
   */
  async invoke(
    event: SqsEvent,
    lambda: Pick<FunctionProcess, 'start' | 'invoke' | 'kill'>,
  ): Promise<unknown> {
    const { isThrottled, killedAt } = this.nextInvocation();
    if (isThrottled) throw new Error('TooManyRequestsException, injected by chaos');
    const repeated = {
      Records: event.Records.flatMap((record) => (this.repeats() ? [record, record] : [record])),
    };
    if (killedAt === undefined) return lambda.invoke(repeated);
    const killAfterMs = between(killedAt, KILL_AFTER_MS);
    await lambda.start();
    const timer = setTimeout(() => {
      this.played.killedInvocations += 1;
      this.options.onPlay?.(`chaos: the function is killed ${killAfterMs} ms after its start`);
      lambda.kill();
    }, killAfterMs);
    try {
      return await lambda.invoke(repeated);
    } finally {
      clearTimeout(timer);
    }
  }
}
