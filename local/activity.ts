import type { StageAnswer } from './api-gateway/server';

/** What happens in a running stack, for observers such as the console. Times are milliseconds since 1970. */
export type Activity =
  /** The endpoint answered a request. */
  | (StageAnswer & { readonly kind: 'answered'; readonly at: number })
  /** An instance of the function starts to process these messages. */
  | {
      readonly kind: 'invoked';
      readonly at: number;
      readonly instance: string;
      readonly messageIds: readonly string[];
    }
  /** An instance wrote a line of the function's log. */
  | { readonly kind: 'logged'; readonly at: number; readonly instance: string; readonly line: string }
  /** The messages are now deleted or will be received again. `failure` says why the invocation failed, if it did. */
  | {
      readonly kind: 'returned';
      readonly at: number;
      readonly instance: string;
      readonly failure: string | undefined;
    }
  /** The state of a queue or of the fake Heap has changed. */
  | { readonly kind: 'changed' };
