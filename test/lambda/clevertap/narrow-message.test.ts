import fc from 'fast-check';
import {
  decodeMessage,
  isUnreadable,
  type EventLocation,
  type SourceEvent,
  type UnreadableEvent,
} from '../../../lambda/clevertap/decode-message';
import { narrowMessage } from '../../../lambda/clevertap/narrow-message';
import { isAborted } from '../../../lambda/mapping/map-event';
import { isRejected } from '../../../lambda/mapping/findings';
import { fixture } from '../../support/clevertap-fixture';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourcesOf } from '../../support/source-event';

/** An element of the list of profiles, or of another list. */
const profile = (index: number, key = 'profiles'): EventLocation => ({ kind: 'element', key, index });
const listed = (index: number): EventLocation => ({ kind: 'element', key: undefined, index });

// JSON as other systems may write it, with any whitespace, escapes and numbers.
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });
const escaped = (text: string): string =>
  `"${text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
const stringText = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  fc.string().map(escaped),
  fc.constantFrom('"profiles"', '"[{"', '"}],"', String.raw`"\\"`, String.raw`"\"]"`, '"//"', '"/*"'),
);
const scalarText = fc.constantFrom(
  ...['true', 'false', 'null', '0', '-0', '1.50', '1E+2', '12345678901234567890', '0.1e-7', '1e400'],
);
const memberText = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(space, stringText, space, space, value, space)
    .map(([a, key, b, c, text, d]) => `${a}${key}${b}:${c}${text}${d}`);
const { value: valueText, object: objectText } = fc.letrec<{ value: string; list: string; object: string }>(
  (tie) => ({
    value: fc.oneof({ depthSize: 'small' }, stringText, scalarText, tie('list'), tie('object')),
    list: fc
      .array(fc.tuple(space, tie('value'), space), { maxLength: 4 })
      .map((items) => `[${items.map((parts) => parts.join('')).join(',')}]`),
    object: fc.array(memberText(tie('value')), { maxLength: 4 }).map((members) => `{${members.join(',')}}`),
  }),
);

/** Usually an event that can be mapped, sometimes something else. */
const itemText = fc.oneof(
  { weight: 4, arbitrary: objectText.map((text) => `{"identity":"cust-1","more":${text}}`) },
  { weight: 1, arbitrary: valueText },
);

/** A message in parts. Each item of its list is surrounded by whitespace and may be kept or not. */
interface Message {
  readonly before: string;
  readonly items: readonly { before: string; text: string; after: string; keep: boolean }[];
  readonly after: string;
}

const items = fc
  .array(fc.record({ before: space, text: itemText, after: space, keep: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  })
  .filter((list) => list.some(({ keep }) => keep));

const nameOf = (member: string): string => Object.keys(JSON.parse(`{${member}}`) as object).join();

/** The list is under `profiles`. Another casing must not be mistaken for it. */
const requestOfProfiles: fc.Arbitrary<Message> = fc
  .record({
    key: fc.constantFrom('"profiles"', escaped('profiles'), String.raw`"pro\u0066iles"`),
    members: fc.uniqueArray(
      fc
        .oneof(
          memberText(valueText),
          itemText.map((text) => `"Profiles":[${text},${text}]`),
          valueText.map((text) => `"key_values":{"event":"Kept","more":${text}}`),
        )
        .filter((member) => nameOf(member) !== 'profiles'),
      { maxLength: 5, selector: nameOf },
    ),
    split: fc.nat({ max: 5 }),
    items,
    blank: space,
  })
  .map(({ key, members, split, items, blank }) => ({
    before: `${blank}{${[...members.slice(0, split), ''].join(',')}${blank}${key}${blank}:${blank}[`,
    items,
    after: `]${blank}${['', ...members.slice(split)].join(',')}}${blank}`,
  }));

const listOfEvents: fc.Arbitrary<Message> = fc
  .tuple(space, items, space)
  .map(([before, items, after]) => ({ before: `${before}[`, items, after: `]${after}` }));

type DecodedEvent = SourceEvent | UnreadableEvent;

function eventsOf(text: string): readonly DecodedEvent[] {
  const decoded = decodeMessage(text, 'From path');
  if (decoded.kind !== 'events') throw new Error(JSON.stringify(decoded));
  return decoded.events;
}

/** The message as a string, the events to keep, and the message narrowed to them. */
function narrow(message: Message): { text: string; kept: DecodedEvent[]; narrowed: string } {
  const list = message.items.map(({ before, text, after }) => `${before}${text}${after}`).join(',');
  const text = `${message.before}${list}${message.after}`;
  const events = eventsOf(text);
  expect(events).toHaveLength(message.items.length);
  const kept = events.filter((_, index) => message.items[index]?.keep);
  return {
    text,
    kept,
    narrowed: narrowMessage(
      text,
      kept.map(({ location }) => location),
    ),
  };
}

/** The key of a delivered event, or why it is rejected. */
function fateOf(event: DecodedEvent): string {
  const mapped = isUnreadable(event) ? event : mapEvent(event, mappingContext());
  if (isAborted(mapped)) return 'aborted';
  return isRejected(mapped) ? mapped.reason : mapped.event.idempotency_key;
}

describe.each([
  ['a request of profiles', requestOfProfiles],
  ['a list of events', listOfEvents],
])('%s, narrowed', (_, messages) => {
  it('decodes to exactly the events that were kept', () => {
    const withoutLocation = (event: DecodedEvent): object => {
      if (isUnreadable(event)) return { ...event, location: undefined };
      // A neighbour's inexact number makes no difference, except that an equal exact event exists.
      const { exact = event, ...sent } = event;
      const twin = { ...exact, location: undefined, losses: undefined };
      return { ...sent, location: undefined, exact: twin };
    };
    fc.assert(
      fc.property(messages, (message) => {
        const { kept, narrowed } = narrow(message);
        expect(eventsOf(narrowed).map(withoutLocation)).toEqual(kept.map(withoutLocation));
      }),
    );
  });

  it('holds each kept event, and everything around the list, as written', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { text, narrowed } = narrow(message);
        const kept = message.items.filter(({ keep }) => keep).map((item) => item.text);
        const isWhole = kept.length === message.items.length;
        const list = `${message.items.at(0)?.before}${kept.join(',')}${message.items.at(-1)?.after}`;
        expect(narrowed).toBe(isWhole ? text : `${message.before}${list}${message.after}`);
      }),
    );
  });

  it('gives each kept event the same idempotency key (F41)', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { kept, narrowed } = narrow(message);
        expect(eventsOf(narrowed).map(fateOf)).toEqual(kept.map(fateOf));
      }),
    );
  });
});

describe('narrowMessage', () => {
  it('keeps numbers that JavaScript would round', () => {
    const text = '{"profiles":[{"n":12345678901234567890},{"n":0.10},{"n":1e400}]}';

    expect(narrowMessage(text, [profile(0), profile(2)])).toBe(
      '{"profiles":[{"n":12345678901234567890},{"n":1e400}]}',
    );
  });

  it.each(['Profiles', 'PROFILES'])('finds the list under %s', (key) => {
    expect(narrowMessage(`{"${key}":[1,2,3]}`, [profile(1, key)])).toBe(`{"${key}":[2]}`);
  });

  it('tells two casings of a key apart', () => {
    const text = '{"Profiles":[1,2],"profiles":[3,4]}';

    expect(narrowMessage(text, [profile(1)])).toBe('{"Profiles":[1,2],"profiles":[4]}');
    expect(narrowMessage(text, [profile(0, 'Profiles')])).toBe('{"Profiles":[1],"profiles":[3,4]}');
  });

  it('narrows the last of two lists under the same key, as JSON.parse reads it', () => {
    expect(narrowMessage('{"profiles":[1,2],"profiles":[3,4]}', [profile(1)])).toBe(
      '{"profiles":[1,2],"profiles":[4]}',
    );
  });

  it('does not mistake another list for the list of profiles', () => {
    const text = '{"a":{"profiles":[1,2]},"b":"profiles","c":[[3]],"profiles":[[4],[5]],"d":[6]}';

    expect(narrowMessage(text, [profile(1)])).toBe(
      '{"a":{"profiles":[1,2]},"b":"profiles","c":[[3]],"profiles":[[5]],"d":[6]}',
    );
  });

  it('returns the body unchanged if all events are kept', () => {
    const text = fixture('broadcast-with-placeholder');

    expect(narrowMessage(text, [profile(0), profile(1), profile(2)])).toBe(text);
  });

  it('returns the body unchanged if the message is one event', () => {
    const text = fixture('stock-capitalised-single');

    expect(narrowMessage(text, [{ kind: 'whole' }])).toBe(text);
  });

  it('keeps a byte order mark', () => {
    expect(narrowMessage('\uFEFF{"profiles":[1,2]}', [profile(0)])).toBe('\uFEFF{"profiles":[1]}');
    expect(narrowMessage('\uFEFF[1,2]', [listed(1)])).toBe('\uFEFF[2]');
  });

  it('narrows a broadcast to a message that gives the same keys', () => {
    const text = fixture('broadcast-with-placeholder');
    const narrowed = narrowMessage(text, [profile(0), profile(2)]);

    expect(sourcesOf(narrowed).map(fateOf)).toEqual(
      sourcesOf(text)
        .filter((_, index) => index !== 1)
        .map(fateOf),
    );
    expect(narrowed).not.toContain('guest');
  });

  it('works on a body nested 500,000 levels deep (F30)', () => {
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);

    expect(narrowMessage(`{"profiles":[{"a":1},${deep}]}`, [profile(0)])).toBe('{"profiles":[{"a":1}]}');
    // Not `toBe`: it would print a megabyte.
    expect(narrowMessage(`[{"a":1},${deep}]`, [listed(1)]) === `[${deep}]`).toBe(true);
  });
});
