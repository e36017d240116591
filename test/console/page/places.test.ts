import { placeInRule, Places, rangeAt, type Range } from '../../../console/page/places';
import { previewPayload } from '../../../relay/preview/preview';
import { mappingContext } from '../../support/source-event';

const shown = (text: string, range: Range | undefined): string | undefined =>
  range && text.slice(range.from, range.to);

/** The parts of a payload that are marked for its rejections. */
const reasonsIn = (payload: string): (string | undefined)[] => {
  const places = new Places(payload, undefined);
  return previewPayload(payload, undefined, mappingContext())
    .events.flatMap((event) => places.ofReason(event))
    .map((range) => shown(payload, range));
};

test.each([
  ['{"identity": "guest", "event": "E"}', ['"identity": "guest"']],
  ['{"Identity": "", "EMAIL": "null", "event": "E"}', ['"Identity": ""', '"EMAIL": "null"']],
  ['{"event": "E", "identity": "{{ Profile.Email }}"}', ['"identity": "{{ Profile.Email }}"']],
  ['{"identity": "c", "evtName": "{{ Name }}"}', ['"evtName": "{{ Name }}"']],
  ['{"identity": 1e21, "event": "E"}', ['"identity": 1e21']],
  ['{"app_id": "12", "identity": "c", "event": "E"}', ['"app_id": "12"']],
  ['{"identity": "c", "event": "E", "properties": {"a": {"constructor": 1}}}', ['{']],
  ['{"identity": "c", "event": "E", "properties": {"__proto__": 1}}', ['"__proto__": 1']],
  ['{"identity": "c"}', ['{']],
  ['{"a": 1}', ['{']],
  ['[1]', ['1']],
  ['{"identity": "c",\n "event": }', ['}']],
  ['\uFEFF{"identity": "c",\n "event": }', ['}']],
  ['{"event": "E", "identity": "a", "identity": "b"}', ['"identity"']],
  ['', []],
])('the reason for %j is marked', (payload, marked) => {
  expect(reasonsIn(payload)).toEqual(marked);
});

test('each profile of a broadcast is marked separately', () => {
  const payload = JSON.stringify({
    key_values: { event: 'E' },
    profiles: [{ identity: 'a' }, { identity: 'guest' }, { email: '', Identity: 'null' }, {}, 7],
  });
  expect(reasonsIn(payload)).toEqual(['"identity":"guest"', '"Identity":"null"', '"email":""', '{', '7']);
});

test.each([
  ['note', '{"identity": "c", "note": null}', '"note": null'],
  ['note', '{"note": 1, "properties": {"Note": 2, "note": 3}}', '"note": 3'],
  ['a.b', '{"properties": {"a": {"b": null}}}', '"b": null'],
  ['a.b', '{"properties": {"a": {"c": 1}, "a.b": null}}', '"a.b": null'],
  ['a.b.c', '{"properties": {"a": 1, "a.b": {"c": null}}}', '"c": null'],
  ['items.1.name', '{"properties": {"items": [{"name": 1}, {"name": null}]}}', '"name": null'],
  ['items.1', '{"properties": {"items": [{}, null]}}', 'null'],
  ['Items', '{"profiles": {"event_properties": {"Items": {"x": 1}}}}', '"Items": {'],
  ['title', '{"profiles": [{"payload": {"title": "t", "kvs": {"k": 1}}}]}', '"title": "t"'],
  ['k', '{"profiles": [{"payload": {"title": "t", "kvs": {"k": 1}}}]}', '"k": 1'],
  ['colour', '{"key_values": {"colour": "red"}, "profiles": [{"identity": "c"}]}', '"colour": "red"'],
  ['nowhere', '{"properties": {"a": 1}}', undefined],
  ['timestamp', '{"timestamp": "soon", "properties": {"timestamp": 1}}', '"timestamp": "soon"'],
])('the property %s is found in %s', (path, payload, found) => {
  expect(shown(payload, new Places(payload, undefined).ofProperty(0, path))).toBe(found);
});

test('a payload nested deeper than the call stack allows has no places', () => {
  const payload = '['.repeat(200_000);
  expect(new Places(payload, undefined).ofProperty(0, 'a')).toBeUndefined();
  expect(new Places(payload, undefined).ofEvent(0)).toBeUndefined();
});

test('a property is found in a rule, alone or in a list', () => {
  const rule = '{"when": {}, "send": {"event": "value", "properties": {"value": "{{ Event.v }}"}}}';
  const list = `[{"send": {"properties": {"value": 1}}}, ${rule}]`;

  expect(shown(rule, placeInRule(rule, 'your rule', 'value'))).toBe('"value": "{{ Event.v }}"');
  expect(shown(list, placeInRule(list, 'your rule[0]', 'value'))).toBe('"value": 1');
  expect(shown(list, placeInRule(list, 'your rule[1]', 'value'))).toBe('"value": "{{ Event.v }}"');
  expect(placeInRule(rule, 'your rule', 'other')).toBeUndefined();
});

test.each([
  [1, 1, 'first'],
  [2, 3, '"a \\" b"'],
  [2, 20, ''],
])('line %i, column %i', (line, column, found) => {
  const text = 'first\n  "a \\" b": 1';
  const range = rangeAt(text, line, column);
  expect(shown(text, range)).toBe(found);
});
