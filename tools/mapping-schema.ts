import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ruleSchema } from '../lib/config/rule-schema';

/** The JSON Schema, as a string, with which editors complete and check the files of `config/mappings/`. */
export function mappingJsonSchema(): string {
  const schema = z.toJSONSchema(z.union([ruleSchema, z.array(ruleSchema)]), { io: 'input', reused: 'ref' });
  return `${JSON.stringify({ title: 'Mapping rules of clevertap-to-heap', ...schema }, null, 2)}\n`;
}

if (require.main === module) {
  writeFileSync(join(__dirname, '../config/mapping.schema.json'), mappingJsonSchema());
}
