import type { ConsoleChange, ConsoleState } from '../../wire';
import { has, parse } from './server';

const isState = has<ConsoleState>('equation');
const isChange = has<ConsoleChange>('equation');

export interface FeedListener {
  readonly onState: (state: ConsoleState) => void;
  readonly onChange: (change: ConsoleChange) => void;
  readonly onLost: () => void;
  /** The page is hidden: it does not listen until it is visible again. */
  readonly onHidden: () => void;
}

/** Until the next try after a lost connection, and at most, if it is not made. */
const [reconnectMs, maxReconnectMs] = [1000, 5000];

/**
 * Listens for as long as the page is visible: a browser has six connections to a server, and tabs would use them up.
 * A lost connection is made again. Each begins with the whole state.
 */
export function listen(listener: FeedListener, waitMs = reconnectMs): void {
  const listenAgain = (): void => {
    listen(listener);
  };
  if (document.hidden) {
    document.addEventListener('visibilitychange', listenAgain, { once: true });
    return;
  }
  let nextWaitMs = Math.min(waitMs * 1.5, maxReconnectMs);
  const source = new EventSource('/api/feed');
  const stop = (): void => {
    source.close();
    document.removeEventListener('visibilitychange', leave);
  };
  const leave = (): void => {
    stop();
    listener.onHidden();
    document.addEventListener('visibilitychange', listenAgain, { once: true });
  };
  document.addEventListener('visibilitychange', leave);
  source.addEventListener('state', ({ data }) => {
    const state = parse(String(data));
    if (!isState(state)) return;
    nextWaitMs = reconnectMs;
    listener.onState(state);
  });
  source.addEventListener('change', ({ data }) => {
    const change = parse(String(data));
    if (isChange(change)) listener.onChange(change);
  });
  source.addEventListener('error', () => {
    // Its own way to reconnect gives up on some errors.
    stop();
    listener.onLost();
    setTimeout(() => {
      listen(listener, nextWaitMs);
    }, nextWaitMs);
  });
}
