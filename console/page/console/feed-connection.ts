import type { ConsoleChange, ConsoleState } from '../../wire';
import { has, parse } from './server';

const isState = has<ConsoleState>('equation');
const isChange = has<ConsoleChange>('equation');

export interface FeedListener {
  readonly onState: (state: ConsoleState) => void;
  readonly onChange: (change: ConsoleChange) => void;
  readonly onLost: () => void;
  /** The page was hidden. It listens again when it becomes visible. */
  readonly onHidden: () => void;
}

/** First and longest delay before reconnecting. */
const [reconnectMs, maxReconnectMs] = [1000, 5000];

/**
 * Listens while the page is visible: a browser allows six connections per server, and hidden tabs would use them up.
 * Reconnects automatically. Each connection begins with the whole state.
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
    // EventSource itself does not reconnect after some errors.
    stop();
    listener.onLost();
    setTimeout(() => {
      listen(listener, nextWaitMs);
    }, nextWaitMs);
  });
}
