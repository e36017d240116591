import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mappingJsonSchema } from '../../tools/mapping-schema';

test('config/mapping.schema.json is the schema of the rules (`npm run schema`)', () => {
  const committed = readFileSync(join(__dirname, '../../config/mapping.schema.json'), 'utf8');

  expect(JSON.parse(committed)).toEqual(JSON.parse(mappingJsonSchema()));
});
