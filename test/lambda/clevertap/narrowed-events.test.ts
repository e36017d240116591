import fc from 'fast-check';
import {
  decodeMessage,
  isUnreadable,
  type SourceEvent,
  type UnreadableEvent,
} from '../../../lambda/clevertap/decode-message';
import { narrowMessage } from '../../../lambda/clevertap/narrow-message';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { mapEvent } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rule-format';
import { runs } from '../../support/runs';
import { mappingContext } from '../../support/source-event';
import { anyJsonText, customBody, profile } from '../../support/untrusted-json';

const rule = {
  name: 'all.json',
  when: {},
  send: {
    identity: '{{ Profile.identity }}',
    properties: {
      items: '{% for item in Event.items %}{{ item.name }};{% endfor %}',
      a: '{{ KeyValues.a }}',
    },
  },
  spread: ['Event', 'KeyValues'] as const,
  userProperties: { a: '{{ Profile.a }}' },
};

const contexts = {
  'the default mapping': mappingContext(),
  'a rule': mappingContext({
    mapping: compileMapping({ ...noMapping, rules: [rule] }, createLiquid().parse),
  }),
};

// Cannot be rewritten exactly: no JavaScript number holds them.
const exactIdentity = fc
  .bigInt({ min: 2n ** 53n, max: 10n ** 30n })
  .chain((id) =>
    fc.constantFrom(
      `{"identity":${id},"n":-${id}}`,
      `{"identity":${id},"event_properties":{"a":[${id},1e400]}}`,
    ),
  );

const messages = {
  'a broadcast': fc
    .tuple(
      fc.array(fc.oneof(profile, exactIdentity, anyJsonText), { minLength: 1, maxLength: 8 }),
      anyJsonText,
    )
    .map(
      ([profiles, a]) =>
        `{"targetId":7,"profiles":[${profiles.join(' , ')}],"key_values":{"event":"Purchase","a":${a}}}`,
    ),
  'a list of custom bodies': fc
    .array(fc.oneof(customBody, exactIdentity, anyJsonText), { minLength: 1, maxLength: 8 })
    .map((bodies) => `\n[ ${bodies.join(',\n')} ]`),
};

type Event = SourceEvent | UnreadableEvent;

/** No events if the list is a ping. */
function eventsOf(text: string): readonly Event[] {
  const decoded = decodeMessage(text, 'Purchase');
  return decoded.kind === 'events' ? decoded.events : [];
}

// A template may take 500 ms of wall-clock time. On a busy machine it could fail once and pass the next time.
beforeAll(() => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
});

afterAll(() => {
  jest.restoreAllMocks();
});

describe.each(Object.entries(messages))('%s, narrowed to any of its events', (_, message) => {
  it.each(Object.entries(contexts))('gives each of them the same bytes and key: %s (F41)', (__, context) => {
    const bytesOf = (event: Event): string =>
      // The detail of an unreadable event contains its position.
      JSON.stringify(isUnreadable(event) ? event.reason : mapEvent(event, context));
    let delivered = 0;
    fc.assert(
      fc.property(message, fc.infiniteStream(fc.boolean()), (text, choice) => {
        const events = eventsOf(text);
        const kept = events.filter(() => choice.next().value);
        fc.pre(kept.length > 0);
        const narrowed = narrowMessage(
          text,
          kept.map(({ location }) => location),
        );
        const bytes = kept.map(bytesOf);

        expect(eventsOf(narrowed).map(bytesOf)).toEqual(bytes);
        delivered += bytes.filter((json) => json.startsWith('{"event":')).length;

        // As if a continuation were narrowed again.
        const last = eventsOf(narrowed).slice(-1);
        const narrowedAgain = narrowMessage(
          narrowed,
          last.map(({ location }) => location),
        );
        expect(eventsOf(narrowedAgain).map(bytesOf)).toEqual(bytes.slice(-1));
        expect(narrowedAgain).toBe(
          narrowMessage(
            text,
            kept.slice(-1).map(({ location }) => location),
          ),
        );
      }),
      { numRuns: runs(250) },
    );
    // Otherwise the property would hold vacuously.
    expect(delivered).toBeGreaterThan(runs(100));
  });
});

it.each(['9007199254740993', '12345678901234567890', '-98765432109876543210987654321'])(
  'the identity %s means the same user in every part of its message (F33, F41)',
  (id) => {
    const others = '{"identity":1},{"identity":"cust-1"}';
    const text = `{"key_values":{"event":"x"},"profiles":[${others},{"identity":${id}},{"identity":${id}0}]}`;
    const identityOf = (message: string, index: number): unknown => {
      const event = eventsOf(message)[index];
      if (event === undefined || isUnreadable(event)) throw new Error('no such event');
      return mapEvent(event, mappingContext());
    };
    const narrowed = narrowMessage(text, [{ kind: 'element', key: 'profiles', index: 2 }]);

    expect(identityOf(text, 2)).toMatchObject({ event: { identity: id } });
    expect(narrowed).toBe(`{"key_values":{"event":"x"},"profiles":[{"identity":${id}}]}`);
    expect(identityOf(narrowed, 0)).toEqual(identityOf(text, 2));
  },
);

it('a ping among events gives no event, and a narrowed list does not contain it', () => {
  const text =
    '[{"identity":"a","event":"x"},{"is_test":true,"profiles":[{}]},7,{"identity":"b","event":"x"}]';
  const events = eventsOf(text);
  const narrowed = narrowMessage(
    text,
    events.slice(1).map(({ location }) => location),
  );

  expect(events.map(({ location }) => location)).toMatchObject([{ index: 0 }, { index: 2 }, { index: 3 }]);
  expect(narrowed).toBe('[7,{"identity":"b","event":"x"}]');
  expect(decodeMessage('[{"is_test":true,"profiles":[{}]}]', undefined)).toEqual({ kind: 'ping' });
});
