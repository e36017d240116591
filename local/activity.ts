import type { StageAnswer } from './api-gateway/server';

/** What happens in a running stack, for whoever watches it. Instants are milliseconds since 1970. */
export type Activity =
  /** The endpoint answered a request. */
  | (StageAnswer & { readonly kind: 'answered'; readonly at: number })
  /** An instance of the function begins to work on these messages. */
  | {
      readonly kind: 'invoked';
      readonly at: number;
      readonly instance: string;
      readonly messageIds: readonly string[];
    }
  /** An instance wrote a line of the function's log. */
  | { readonly kind: 'logged'; readonly at: number; readonly instance: string; readonly line: string }
  /** What it worked on is deleted or will come again; `failure` says why it gave no answer, if it gave none. */
  | {
      readonly kind: 'returned';
      readonly at: number;
      readonly instance: string;
      readonly failure: string | undefined;
    }
  /** A queue or the fake Heap is no longer as it was. */
  | { readonly kind: 'changed' };
