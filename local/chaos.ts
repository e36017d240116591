import { Faults } from './faults';
import type { SqsEvent } from './lambda/event-source-mapping';
import type { FunctionProcess } from './lambda/function-process';
import { between } from './random';

/** After the function has its event: from before its first call to after its last. */
const KILL_AFTER_MS = { min: 0, max: 250 };

/** Plays the common faults to a stack on this machine. */
export class Chaos extends Faults {
  /**
   * Invokes the function, unless Lambda throttles it; some messages stand twice in the event, and some processes are
   * killed on the way.
   *
   * @throws an error for a throttled invocation, and those of `FunctionProcess`.
   */
  async invoke(
    event: SqsEvent,
    lambda: Pick<FunctionProcess, 'start' | 'invoke' | 'kill'>,
  ): Promise<unknown> {
    const { isThrottled, killedAt } = this.nextInvocation();
    if (isThrottled) throw new Error('TooManyRequestsException, played by chaos');
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
