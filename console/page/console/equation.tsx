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
  rejected: 'Can never be delivered as they are: dead letters',
  ignored: 'Setup pings, and events that a rule leaves out',
  queued: 'On their way, or waiting for their next attempt',
  missing: 'In none of these places: deleted by hand, or a mistake of this app',
};

/** Where every accepted event is. Each number is a filter of the feed. */
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
        title="Events that were accepted; shows all rows"
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
            title={`${hints[place]}; shows their rows alone`}
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
