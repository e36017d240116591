import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', 'fixtures', 'clevertap');

/** What marks personal data and property values in the fixtures: no log line may ever match it. */
export const personalData = /pii|77777/i;

/** The names of all sample requests of CleverTap. */
export const fixtureNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

/** The body of a sample request as it came over the wire. */
export const fixture = (name: string): string => readFileSync(join(folder, `${name}.json`), 'utf8');
