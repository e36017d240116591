import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mappingJsonSchema } from '../lib/config/rule-parser';

/** `npm run schema`: writes the JSON Schema by which an editor completes and checks the files of `config/mappings/`. */
writeFileSync(join(__dirname, '../config/mapping.schema.json'), mappingJsonSchema());
