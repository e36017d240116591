import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', 'fixtures', 'clevertap');

/** Matches the personal data and property values in the fixtures. No log line may ever match it. */
export const personalData = /pii|77777/i;

/** A string without API Gateway's request ids, 15 random characters and `=`, which may spell such a mark by chance. */
export const withoutRequestIds = (string: string): string =>
  string.replace(/(?<![\w-])[\w-]{15}=(?![\w=])/g, '');

/** The names of all sample requests from CleverTap. */
export const fixtureNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

/** The body of a sample request as received. */
export const fixture = (name: string): string => readFileSync(join(folder, `${name}.json`), 'utf8');
