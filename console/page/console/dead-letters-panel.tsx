import type { JSX } from 'preact';
import { count, duration, grouped } from '../../../relay/terminal/terminal-text';
import type { DeadLetterGroup, DeadLetters } from '../../wire';
import { CloseButton } from './close-button';
import { isWhole, useDeadLetters } from './dead-letters';
import type { Model } from './model';
import { Name } from './name';

/** The dead letters by reason, with what to do and buttons to redrive or discard them. */
export function DeadLettersPanel({ model }: { readonly model: Model }): JSX.Element {
  const { list, error } = useDeadLetters(model);
  return (
    <section class="panel dead-letters" data-testid="dead-letters" aria-label="Dead letters">
      <header class="panel-head">
        <div class="title">
          <h2>Dead letters</h2>
          <CloseButton
            onClose={() => {
              model.back();
            }}
          />
        </div>
        <p class="hint">
          Events that cannot be delivered as they are. They are kept for 14 days. Fix the cause, then redrive
          them: they go back to the queue with the same keys and times.
        </p>
      </header>
      <div class="panel-body">
        {error.value !== null && <p class="tone-bad">{error.value}</p>}
        {list.value === null && error.value === null && <p class="hint">Loading …</p>}
        {list.value !== null && <Groups model={model} list={list.value} />}
      </div>
    </section>
  );
}

function Groups({ model, list }: { readonly model: Model; readonly list: DeadLetters }): JSX.Element {
  const counted = model.deadLetters.value;
  if (list.letters === 0 && isWhole(list, counted)) return <p class="calm">No dead letters.</p>;
  const reasons = [...new Set(list.groups.map(({ reason }) => reason))];
  return (
    <>
      {list.letters > 0 && (
        <p class="sum">
          {count(list.letters, 'dead letter')} with {count(list.events, 'event')}
        </p>
      )}
      {!isWhole(list, counted) && (
        <p class="tone-waiting">
          {counted > list.letters
            ? `${count(counted - list.letters, 'dead letter is', 'dead letters are')} not listed: `
            : 'This list may be incomplete: '}
          another reader has the messages, such as <code>relay dlq</code>. They are listed here as soon as it
          releases them.
        </p>
      )}
      {reasons.map((reason) => (
        <Reason
          key={reason}
          model={model}
          reason={reason}
          groups={list.groups.filter((group) => group.reason === reason)}
        />
      ))}
      {reasons.length > 1 && (
        <div class="actions all">
          <MoveButtons model={model} reason={null} letters={list.letters} />
        </div>
      )}
    </>
  );
}

function MoveButtons({
  model,
  reason,
  letters,
}: {
  readonly model: Model;
  readonly reason: string | null;
  readonly letters: number;
}): JSX.Element {
  const which = `${reason === null ? 'all ' : ''}${grouped(letters)}`;
  return (
    <>
      <button
        type="button"
        onClick={() => {
          model.askToMove('redrive', { reason, letters });
        }}
      >
        Redrive {which} …
      </button>
      <button
        type="button"
        class="danger"
        onClick={() => {
          model.askToMove('discard', { reason, letters });
        }}
      >
        Discard {which} …
      </button>
    </>
  );
}

function Reason({
  model,
  reason,
  groups,
}: {
  readonly model: Model;
  readonly reason: string;
  readonly groups: readonly DeadLetterGroup[];
}): JSX.Element {
  const letters = groups.reduce((sum, group) => sum + group.letters, 0);
  const [first] = groups;
  return (
    <article class="reason">
      <h3>
        <code>{reason}</code>
      </h3>
      {first !== undefined && <p>{first.remedy}</p>}
      <ul>
        {groups.map((group) => (
          <li key={group.campaign}>
            <p>
              {group.campaign === 'none' ? (
                'No campaign'
              ) : (
                <>
                  Campaign <Name>{group.campaign}</Name>
                </>
              )}
              <span class="hint">
                {' '}
                · {count(group.letters, 'dead letter')}, {count(group.events, 'event')}, the oldest{' '}
                {duration(Date.now() - group.oldestSentAt)} old
              </span>
            </p>
            <pre class="body">{group.sample}</pre>
          </li>
        ))}
      </ul>
      <div class="actions">
        <MoveButtons model={model} reason={reason} letters={letters} />
      </div>
    </article>
  );
}
