import { EnvironmentConfigError } from '../../../lib/config/environment-config';
import { readMappingRules, rulesOf } from '../../../lib/config/rule-files';

const file = 'config/mappings/purchase.json';

test('rules keep the order of the file', () => {
  const [first, second] = [{ event: 'A' }, { event: 'B' }].map((when) => ({ when, send: {} }));

  expect(rulesOf(file, 'purchase', JSON.stringify([first, second]))).toEqual([
    { ...first, name: 'purchase[0]' },
    { ...second, name: 'purchase[1]' },
  ]);
});

test.each([
  ['{', `${file}:1:2: invalid JSON: expected }`],
  [
    '[{"when":{}},{"send":{}}]',
    [
      `${file}:1:10: 0.when: must name an event or a campaign`,
      `${file}:1:2: 0.send: must be an object such as { "event": "Purchase", "properties": {} }`,
      `${file}:1:14: 1.when: must be an object such as { "event": "Purchase" }`,
    ].join('\n'),
  ],
])('each mistake in %s is a line that starts with the file', (text, message) => {
  expect(() => rulesOf(file, 'purchase', text)).toThrow(new EnvironmentConfigError(message));
});

test('a missing file is named', () => {
  expect(() => readMappingRules(['no-such-file'])).toThrow(
    'config/mappings/no-such-file.json: the file cannot be read',
  );
});
