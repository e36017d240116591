import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count, visibleText } from '../../../relay/terminal/terminal-text';

/** A change that this app makes to an event. */
export interface ShownChange {
  /** A code such as `value_truncated`. */
  readonly change: string;
  /** The name of the property; null if the change concerns none. */
  readonly property: string | null;
  /** An explanation in a sentence or two. */
  readonly meaning: string;
}

interface HeapEventViewProps {
  /** As Heap gets it: `event`, `identity`, `timestamp`, `idempotency_key`, `properties`. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly changes: readonly ShownChange[];
  /** Returns a function that shows the source of a changed property, or undefined if there is none. */
  readonly find?: (property: string) => (() => void) | undefined;
}

const fieldNames: Readonly<Record<string, string>> = {
  event: 'Event',
  identity: 'Identity',
  timestamp: 'Time',
  idempotency_key: 'Key',
};

/** An event as Heap gets it. Each change is shown at its property. */
export function HeapEventView({ event, changes, find }: HeapEventViewProps): JSX.Element {
  const { properties: members, ...fields } = event;
  const properties = entriesOf(members);
  const at = placesOf(changes, new Set(properties.map(([name]) => name)), fields);
  const elsewhere = at.get(null) ?? [];
  return (
    <div class="heap-event">
      <dl class="values">
        {Object.entries(fields).map(([name, value]) => (
          <ValueRow
            key={name}
            isField
            name={fieldNames[name] ?? name}
            value={value}
            changes={at.get(`field ${name}`)}
            find={find}
          />
        ))}
      </dl>
      <h4>Properties</h4>
      {properties.length === 0 && <p class="muted">None.</p>}
      <PropertyList properties={properties} changesOf={(name) => at.get(name)} find={find} />
      {elsewhere.length > 0 && (
        <>
          <h4>Left out or replaced</h4>
          <ul class="changes">
            {elsewhere.map(({ change, property, meaning }) => (
              <li key={`${change} ${property ?? ''}`}>
                {property !== null && <PropertyName name={property} find={find?.(property)} />}
                <ChangeNote change={change} meaning={meaning} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

interface PropertyListProps {
  readonly properties: readonly (readonly [name: string, value: unknown])[];
  readonly changesOf?: (name: string) => readonly ShownChange[] | undefined;
  readonly find?: HeapEventViewProps['find'] | undefined;
}

export const PropertyList = ({ properties, changesOf, find }: PropertyListProps): JSX.Element | null =>
  properties.length === 0 ? null : (
    <dl class="values properties">
      {properties.map(([name, value]) => (
        <ValueRow key={name} name={name} value={value} changes={changesOf?.(name)} find={find} />
      ))}
    </dl>
  );

export const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

interface ValueRowProps {
  /** Whether it is one of Heap's own fields. Their types are known, so they are not shown. */
  readonly isField?: boolean;
  readonly name: string;
  readonly value: unknown;
  readonly changes: readonly ShownChange[] | undefined;
  readonly find?: HeapEventViewProps['find'] | undefined;
}

function ValueRow({ isField = false, name, value, changes = [], find }: ValueRowProps): JSX.Element {
  const property = changes[0]?.property ?? undefined;
  const findFirst = property === undefined ? undefined : find?.(property);
  return (
    <div class={changes.length > 0 ? 'value changed' : 'value'}>
      <dt>
        <PropertyName name={name} find={findFirst} />
      </dt>
      <dd>
        <Value value={value} hasType={!isField} />
        {changes.map(({ change, meaning }) => (
          <ChangeNote key={change} change={change} meaning={meaning} />
        ))}
      </dd>
    </div>
  );
}

function PropertyName({ name, find }: { name: string; find: (() => void) | undefined }): JSX.Element {
  const shown = <LongText text={name} limit={120} />;
  return (
    <span class="name">
      {shown}
      {find !== undefined && (
        <button
          type="button"
          class="find"
          onClick={find}
          aria-label={`Show it: ${visibleText(name.slice(0, 120))}`}
        >
          Show it
        </button>
      )}
    </span>
  );
}

const ChangeNote = ({ change, meaning }: Omit<ShownChange, 'property'>): JSX.Element => (
  <p class="change">
    <span class="code">{change}</span> {meaning}
  </p>
);

const longest = 300;

/** A value with its type: Heap can only sum numbers. */
function Value({ value, hasType }: { value: unknown; hasType: boolean }): JSX.Element {
  if (value === '') return <span class="muted">empty string</span>;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <>
      <code class="text">
        <LongText text={text} limit={longest} />
      </code>
      {hasType && <span class="type"> {typeof value}</span>}
    </>
  );
}

/** Cuts a long string and offers to show all of it. Escapes characters that could reorder the page. */
export function LongText({ text, limit }: { text: string; limit: number }): ComponentChildren {
  const [isWhole, setWhole] = useState(false);
  if (text.length <= limit) return visibleText(text);
  return (
    <>
      {visibleText(isWhole ? text : text.slice(0, limit).toWellFormed())}
      {!isWhole && (
        <button
          type="button"
          class="find"
          onClick={() => {
            setWhole(true);
          }}
        >
          … show all {count(text.length, 'character')}
        </button>
      )}
    </>
  );
}

/** Changes by row: the name of a property, `field <name>`, or null for changes without a row. */
function placesOf(
  changes: readonly ShownChange[],
  properties: ReadonlySet<string>,
  fields: Readonly<Record<string, unknown>>,
): ReadonlyMap<string | null, readonly ShownChange[]> {
  const places = new Map<string | null, ShownChange[]>();
  for (const shown of changes) {
    const place = placeOf(shown, properties, fields);
    const there = places.get(place);
    if (there === undefined) places.set(place, [shown]);
    else if (!there.some(({ change, property }) => change === shown.change && property === shown.property))
      there.push(shown);
  }
  return places;
}

function placeOf(
  { change, property }: ShownChange,
  properties: ReadonlySet<string>,
  fields: Readonly<Record<string, unknown>>,
): string | null {
  if (change === 'event_name_truncated') return 'field event';
  if (property === null) return null;
  if (change === 'name_reserved') return properties.has('clevertap_id') ? 'clevertap_id' : null;
  if (properties.has(property) && change !== 'timestamp_replaced') return property;
  return Object.hasOwn(fields, property) ? `field ${property}` : null;
}
