import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type {
  ConsoleChange,
  ConsoleSettings,
  Equation,
  FeedRow,
  HeapRequest,
  HeapStatus,
  RowDetail,
} from '../../wire';
import type { Draft } from '../judge';
import { decodePathEvent } from '../../../lambda/clevertap/decode-message';
import { count } from '../../../relay/terminal/terminal-text';
import { dependOn } from './depend-on';
import { curlCommand, webhookUrlOf } from './curl';
import { Feed } from './feed';
import { listen } from './feed-connection';
import { emptyEquation, noFilter, type Filter, type Place } from './filter';
import { firstView, hashOf, viewOf, type Panel, type Tab, type View } from './location';
import { purchase } from './purchase';
import * as server from './server';

/** Feedback on what the user did. */
export interface Notice {
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
}

/** A confirmation before something that cannot be undone. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** The label of the button, e.g. `Redrive 6 dead letters`. */
  readonly action: string;
  readonly isDangerous: boolean;
  /** Runs the action. Returns a sentence about the result. */
  readonly run: () => Promise<string>;
}

export type Dialog =
  | { readonly kind: 'help' }
  | { readonly kind: 'question'; readonly question: Question }
  /** A string to copy by hand, when the browser does not let the page write to the clipboard. */
  | { readonly kind: 'copy'; readonly text: string };

/** The details of the selected row. */
export type Detail =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'ready'; readonly detail: RowDetail };

/** A row, or one of its events. */
export interface Position {
  readonly row: string;
  readonly event: number | null;
}

/** How many events of an open row are shown at first, and how many each “Show more” adds. */
export const eventsAtATime = 100;

/** Delay before the details are loaded again: a row changes several times while it is delivered. */
const settleMs = 150;

/** Long enough to read two sentences. */
const noticeMs = 8000;

/** The state of the page and its actions. Components draw its signals and call its methods. */
export class Model {
  readonly settings = signal<ConsoleSettings | null>(null);
  /** `hidden`: the page does not listen while its tab is in the background. */
  readonly connection = signal<'first' | 'open' | 'hidden' | 'lost'>('first');
  readonly equation = signal<Equation>(emptyEquation);
  readonly heap = signal<HeapStatus | null>(null);
  readonly deadLetters = signal(0);
  readonly olderRows = signal(0);
  /** The final account, once the stack has stopped. */
  readonly stopped = signal<string | null>(null);

  readonly view = signal<View>(firstView);
  readonly filter: ReadonlySignal<Filter> = computed(() => this.view.value.filter);
  readonly feed = new Feed(this.filter);
  /** Whether the selected row is open and shows its events. */
  readonly isOpen = signal(false);
  readonly shownEvents = signal(eventsAtATime);
  /** Whether the personal data of the selected row is shown. */
  readonly isShown = signal(false);
  readonly detail = signal<Detail>({ kind: 'loading' });
  readonly draft = signal<Draft>({ payload: '', pathEvent: '', rule: null });
  readonly isSending = signal(false);
  /** Whether dead letters are being moved or discarded. The page does not read the queue meanwhile. */
  readonly isMoving = signal(false);
  /** The endpoint's answer to the last payload sent from the composer. */
  readonly answer = signal<Notice | null>(null);
  readonly notice = signal<Notice | null>(null);
  readonly dialog = signal<Dialog | null>(null);
  /** Where to move the focus. Each new object moves it once. */
  readonly focus = signal<{ readonly to: Position | 'composer' } | null>(null);

  /** The last purchase that the page put into the composer. */
  #purchase = '';
  /** The request whose row is selected as soon as it appears in the feed. */
  #awaited: string | null = null;

  /** Connects to the stack, and keeps the view and the hash of the URL in sync. */
  start(): void {
    const takeHash = (): void => {
      if (location.hash === hashOf(this.view.peek())) return;
      const view = viewOf(location.hash);
      batch(() => {
        this.view.value = view;
        this.isOpen.value = view.event !== null;
        this.isShown.value = false;
        if (view.row !== null) this.feed.hold();
      });
      if (view.row !== null && this.connection.peek() === 'open' && this.feed.row(view.row) === undefined)
        this.#leaveLostRow();
    };
    this.#newPurchase();
    takeHash();
    addEventListener('hashchange', takeHash);
    effect(() => {
      const hash = hashOf(this.view.value);
      if (hash !== location.hash) history.replaceState(null, '', `${location.pathname}${hash}`);
    });
    this.#loadDetails();
    this.#connect();
  }

  #connect(): void {
    listen({
      onState: (state) => {
        batch(() => {
          this.#replace(state.rows);
          this.#take(state);
          this.connection.value = 'open';
        });
        void this.#loadSettings();
      },
      onChange: (change) => {
        batch(() => {
          this.feed.change(change.rows);
          this.#take(change);
        });
        this.#jumpToAwaited();
      },
      onLost: () => {
        this.connection.value = 'lost';
      },
      onHidden: () => {
        if (this.connection.peek() === 'open') this.connection.value = 'hidden';
      },
    });
  }

  /** A restarted stack reuses row ids, so the selected row may now be another request. */
  #replace(rows: readonly FeedRow[]): void {
    const { row: id } = this.view.peek();
    const selected = id === null ? undefined : this.feed.row(id)?.peek();
    this.feed.replace(rows);
    const now = id === null ? undefined : this.feed.row(id)?.peek();
    const isGone = selected === undefined ? now === undefined : now?.requestId !== selected.requestId;
    if (!isGone) return;
    if (id === null) this.feed.follow();
    else this.#leaveLostRow();
  }

  #leaveLostRow(): void {
    this.deselect();
    this.feed.follow();
    this.say(
      'plain',
      'The selected row is no longer in the feed: the stack was restarted, or the row is too old.',
    );
  }

  #take({ equation, heap, deadLetters, olderRows, stopped }: Omit<ConsoleChange, 'rows'>): void {
    if (!isSame(this.equation.peek(), equation)) this.equation.value = equation;
    if (!isSame(this.heap.peek(), heap)) this.heap.value = heap;
    this.deadLetters.value = deadLetters;
    this.olderRows.value = olderRows;
    this.stopped.value = stopped;
  }

  async #loadSettings(): Promise<void> {
    try {
      const settings = await server.settings();
      // A restarted stack may have other settings, but a new object would judge the draft again.
      if (!isSame(this.settings.peek(), settings)) this.settings.value = settings;
    } catch (error) {
      this.say('bad', messageOf(error));
    }
  }

  /** Loads `detail` when another row is selected, and again when the selected row changes. */
  #loadDetails(): void {
    const selected = computed(() => this.view.value.row);
    let loaded: string | null = null;
    effect(() => {
      const id = selected.value;
      const show = this.isShown.value;
      if (id === null) return;
      // After a reconnect, the row may be another object.
      dependOn(this.connection, this.feed.row(id));
      const isFirst = loaded !== `${id} ${String(show)}`;
      loaded = `${id} ${String(show)}`;
      if (isFirst) this.detail.value = { kind: 'loading' };
      // Without a connection, keep the last details.
      else if (this.connection.peek() !== 'open') return;
      const abort = new AbortController();
      const timer = setTimeout(
        () => {
          server.rowDetail(id, show, abort.signal).then(
            (detail) => {
              this.detail.value = { kind: 'ready', detail };
            },
            (error: unknown) => {
              if (!abort.signal.aborted) this.detail.value = { kind: 'failed', error: messageOf(error) };
            },
          );
        },
        isFirst ? 0 : settleMs,
      );
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  // Navigation

  setFilter(change: Partial<Filter>): void {
    this.view.value = { ...this.view.peek(), filter: { ...this.filter.peek(), ...change } };
  }

  clearFilter(): void {
    this.setFilter(noFilter);
  }

  togglePlace(place: Place | null): void {
    this.setFilter({ place: this.filter.peek().place === place ? null : place });
  }

  setTab(tab: Tab): void {
    this.view.value = { ...this.view.peek(), tab };
  }

  show(panel: Panel | null): void {
    this.view.value = { ...this.view.peek(), panel };
    if (panel === 'compose') this.moveFocus('composer');
  }

  moveFocus(to: Position | 'composer'): void {
    this.focus.value = { to };
  }

  /** Selects a row or an event for the user. The feed then holds new rows back. */
  select(position: Position, { focus = true } = {}): void {
    this.feed.hold();
    this.#go(position);
    if (focus) this.moveFocus(position);
  }

  #go({ row, event }: Position): void {
    batch(() => {
      const view = this.view.peek();
      if (view.row !== row) {
        this.isOpen.value = event !== null;
        this.isShown.value = false;
        this.shownEvents.value = eventsAtATime;
      }
      this.view.value = { ...view, row, event, panel: 'detail' };
    });
  }

  /** Selects a row. If it is a broadcast and already selected, opens or closes it. */
  press(row: string): void {
    const { row: selected, event } = this.view.peek();
    const isBroadcast = (this.feed.row(row)?.peek().events ?? 1) > 1;
    const wasOpen = selected === row && this.isOpen.peek();
    batch(() => {
      this.select({ row, event: null });
      if (isBroadcast) this.isOpen.value = !wasOpen || event !== null;
    });
  }

  /** The next position down (1) or up (-1). */
  move(step: 1 | -1): void {
    const positions = this.#positions();
    const { row, event } = this.view.peek();
    const current = positions.findIndex((position) => position.row === row && position.event === event);
    const next = current === -1 ? (step === 1 ? 0 : -1) : current + step;
    const position = positions.at(next);
    if (position !== undefined && next < positions.length && (current === -1 || next >= 0))
      this.select(position);
  }

  #positions(): Position[] {
    const { row: selected } = this.view.peek();
    return this.feed.visible.peek().flatMap((row): Position[] => {
      const position = { row, event: null };
      if (row !== selected || !this.isOpen.peek()) return [position];
      const detail = this.detail.peek();
      const events = detail.kind === 'ready' ? detail.detail.events.slice(0, this.shownEvents.peek()) : [];
      return [position, ...events.map(({ index }) => ({ row, event: index }))];
    });
  }

  /** Closes the innermost open thing. If nothing is open, returns to the newest row. */
  back(): void {
    const view = this.view.peek();
    if (this.dialog.peek() !== null) this.dialog.value = null;
    else if (view.panel === 'detail' && this.isOpen.peek()) {
      this.select({ row: view.row ?? '', event: null });
      this.isOpen.value = false;
    } else if (view.panel !== null && view.panel !== 'detail') this.show(view.row === null ? null : 'detail');
    else if (view.row !== null) this.deselect();
    else this.toNewest();
  }

  deselect(): void {
    this.view.value = { ...this.view.peek(), row: null, event: null, panel: null };
  }

  /** Shows new rows again as they arrive. */
  toNewest(): void {
    this.feed.follow();
  }

  // Actions

  /** Sends the draft as CleverTap would. */
  async send(): Promise<void> {
    const { payload, pathEvent } = this.draft.peek();
    await this.#post(payload, pathEvent.trim() === '' ? null : pathEvent, (notice) => {
      this.answer.value = notice;
    });
    // An unchanged sample purchase gets a new order number. Heap would count a repeat only once.
    if (this.draft.peek().payload === this.#purchase) this.#newPurchase();
  }

  /** Puts a purchase of a sample user into the composer and sends it. */
  async sendPurchase(): Promise<void> {
    this.#newPurchase();
    this.draft.value = { ...this.draft.peek(), pathEvent: '' };
    await this.send();
  }

  #newPurchase(): void {
    this.#purchase = purchase(Date.now());
    this.draft.value = { ...this.draft.peek(), payload: this.#purchase };
  }

  async #post(
    payload: string,
    pathEvent: string | null,
    tell: (notice: Notice | null) => void,
  ): Promise<void> {
    if (this.isSending.peek()) return;
    this.isSending.value = true;
    tell(null);
    try {
      const answer = await server.send({ payload, ...(pathEvent !== null && { pathEvent }) });
      if (answer.status === 200) {
        tell({ tone: 'good', text: `The endpoint answered 200 in ${answer.milliseconds} ms.` });
        this.#awaited = answer.requestId;
        this.#jumpToAwaited();
      } else {
        const why = answer.message === null ? '' : `: ${answer.message}`;
        tell({ tone: 'bad', text: `The endpoint answered ${answer.status}${why}. Nothing was stored.` });
      }
    } catch (error) {
      tell({ tone: 'bad', text: messageOf(error) });
    } finally {
      this.isSending.value = false;
    }
  }

  /** The page moves the selection here, not the user, so the feed keeps following. */
  #jumpToAwaited(): void {
    const row = this.#awaited === null ? undefined : this.feed.rowOfRequest(this.#awaited);
    if (row === undefined) return;
    this.#awaited = null;
    batch(() => {
      this.feed.follow();
      // The row now says more than the answer.
      this.answer.value = null;
      this.#go({ row, event: null });
      this.view.value = { ...this.view.peek(), tab: 'journey' };
      this.moveFocus({ row, event: null });
    });
  }

  /** For a rejected row: asks to redrive all dead letters with its reason. Sends any other row again. */
  async again(row: FeedRow): Promise<void> {
    const settings = this.settings.peek();
    if (row.state.kind === 'rejected') {
      if (this.deadLetters.peek() === 0) this.say('plain', deadLetterIsGone);
      else this.askToMove('redrive', { reason: row.state.reason, letters: null });
    } else if (settings?.isRealHeap === true) {
      this.dialog.value = { kind: 'question', question: this.#questionToSend(row, settings) };
    } else {
      await this.#sendAgain(row);
    }
  }

  #questionToSend(row: FeedRow, { heapUrl, dedupeWindowMinutes }: ConsoleSettings): Question {
    const events = count(row.events, 'event');
    return {
      title: `Send ${events} to ${new URL(heapUrl).host} again?`,
      text: `This is a real Heap. It counts equal events once within ${count(dedupeWindowMinutes, 'minute')}. Later, it counts them again. You cannot undo this.`,
      action: 'Send again',
      isDangerous: false,
      run: async () => {
        // The status bar and the new row show the result.
        this.dialog.value = null;
        await this.#sendAgain(row);
        return '';
      },
    };
  }

  async #sendAgain({ id }: FeedRow): Promise<void> {
    await this.#withPayload(id, ({ payload, pathEvent }) =>
      this.#post(payload, pathEvent, (notice) => {
        if (notice !== null) this.say(notice.tone, notice.text);
      }),
    );
  }

  async edit(id: string): Promise<void> {
    await this.#withPayload(id, ({ payload, pathEvent }) => {
      batch(() => {
        this.answer.value = null;
        this.draft.value = { ...this.draft.peek(), payload, pathEvent: pathEvent ?? '' };
        this.show('compose');
      });
    });
  }

  async copyCurl(id: string): Promise<void> {
    const settings = this.settings.peek();
    if (settings === null) return;
    await this.#withPayload(id, async ({ payload, pathEvent }) => {
      await this.copy(
        curlCommand(webhookUrlOf(settings.webhookUrl, pathEvent), settings.apiKey, payload),
        'The command',
      );
    });
  }

  /** @param what a noun phrase that starts a sentence, e.g. `The command` */
  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.say('good', `${what} is on the clipboard.`);
    } catch {
      this.dialog.value = { kind: 'copy', text };
    }
  }

  async #withPayload(
    id: string,
    use: (payload: { readonly payload: string; readonly pathEvent: string | null }) => void | Promise<void>,
  ): Promise<void> {
    try {
      const { payload, pathEvent } = await server.rowPayload(id);
      await use({ payload, pathEvent: pathEvent === null ? null : decodePathEvent(pathEvent) });
    } catch (error) {
      this.say('bad', messageOf(error));
    }
  }

  async setHeap(request: HeapRequest): Promise<void> {
    try {
      this.heap.value = await server.setHeap(request);
    } catch (error) {
      this.say('bad', messageOf(error));
    }
  }

  /** @param letters how many there are; null if unknown */
  askToMove(
    what: 'redrive' | 'discard',
    { reason, letters }: { readonly reason: string | null; readonly letters: number | null },
  ): void {
    const which = letters === null ? 'the dead letters' : count(letters, 'dead letter');
    const reasoned = reason === null ? which : `${which} with the reason ${reason}`;
    const question: Question = {
      title: `${what === 'redrive' ? 'Redrive' : 'Discard'} ${reasoned}?`,
      text:
        what === 'redrive'
          ? 'Their events go back to the queue with the same keys and times. Events that still cannot be delivered become dead letters again.'
          : 'They are deleted permanently, and their events never reach Heap.',
      action: what === 'redrive' ? 'Redrive' : 'Discard for good',
      isDangerous: what === 'discard',
      run: async () => {
        const {
          letters: moved,
          complete,
          note,
        } = await server.moveDeadLetters(what, reason === null ? {} : { reason });
        const done = `${count(moved, 'dead letter')} ${what === 'redrive' ? 'moved back to the queue' : 'discarded'}.`;
        return [done, ...(complete ? [] : ['Some are left.']), ...(note === null ? [] : [note])].join(' ');
      },
    };
    this.dialog.value = { kind: 'question', question };
  }

  /** Shows a notice for a few seconds. */
  say(tone: Notice['tone'], text: string): void {
    const notice = { tone, text };
    this.notice.value = notice;
    setTimeout(() => {
      if (this.notice.peek() === notice) this.notice.value = null;
    }, noticeMs);
  }
}

/** The notice for a rejected row whose dead letter no longer exists. */
export const deadLetterIsGone =
  'Its dead letter is gone: it was discarded, or it expired after 14 days. Edit the payload and send it again.';

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Compares two values of plain JSON. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
