import type { JSX } from 'preact';
import { places, type Place } from './filter';
import type { Model } from './model';

const names: Readonly<Record<Place, string>> = {
  delivered: 'Delivered',
  rejected: 'Rejected',
  ignored: 'Ignored',
  queued: 'Queued',
  missing: 'Missing',
};

const hints: Readonly<Record<Place, string>> = {
  delivered: 'Heap has them',
  rejected: 'Cannot be delivered as they are: kept as dead letters',
  ignored: 'Setup pings, and events that a rule drops',
  queued: 'On their way, or waiting for the next attempt',
  missing: 'Not found anywhere: deleted by hand, or lost by a bug in this app',
};

/** Where every accepted event is. Each number filters the feed. */
export function EquationBar({ model }: { readonly model: Model }): JSX.Element {
  const equation = model.equation.value;
  const filter = model.filter.value;
  const terms = places.filter((place) => place !== 'missing' || equation.missing !== 0);
  return (
    <div
      class="equation"
      data-testid="equation"
      role="group"
      aria-label="Where the events are"
      aria-live="polite"
    >
      <button
        type="button"
        class="term"
        title="All accepted events. Click to show all rows."
        onClick={() => {
          model.clearFilter();
        }}
      >
        Accepted <b>{equation.accepted}</b>
      </button>
      {terms.map((place, index) => (
        <span key={place} class="addend">
          <span class="operator">{index === 0 ? ' = ' : ' + '}</span>
          <button
            type="button"
            class={`term ${place}`}
            aria-pressed={filter.place === place}
            title={`${hints[place]}. Click to show only these rows.`}
            onClick={() => {
              model.togglePlace(place);
            }}
          >
            {names[place]} <b>{equation[place]}</b>
          </button>
        </span>
      ))}
    </div>
  );
}
