import { environmentVariables, identityFields } from './contract';

export interface Settings {
  readonly heapBaseUrl: string;
  readonly heapTokensArn: string;
  readonly eventBufferUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** Events per minute this instance may send to Heap. 0: no limit. */
  readonly maxEventsPerMinute: number;
  readonly stackName: string;
}

/** The function was deployed with invalid environment variables. The message lists all of them. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the function's settings, once per process.
 *
 * @throws {SettingsError} naming every variable that is missing or invalid, so that all can be fixed at once
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const read = (name: string, isValid: (value: string) => boolean, expected: string): string => {
    const value = environment[name] ?? '';
    if (!isValid(value)) {
      problems.push(
        `${name} must be ${expected}, got ${value === '' ? 'nothing' : JSON.stringify(value).replace(/\/\/[^/?#"]*@/, '//…@')}`,
      );
    }
    return value;
  };

  const names = environmentVariables;
  const settings: Settings = {
    heapBaseUrl: read(names.heapBaseUrl, isHeapOrigin, 'an https origin without a path'),
    heapTokensArn: read(names.heapTokensArn, isArn, 'the ARN of a secret'),
    eventBufferUrl: read(names.eventBufferUrl, isUrl, 'the URL of a queue'),
    deadLetterQueueUrl: read(names.deadLetterQueueUrl, isUrl, 'the URL of a queue'),
    identityOrder: read(names.identityOrder, isFields, `a list of ${identityFields.join(', ')}`).split(','),
    dedupeWindowMs: 60_000 * Number(read(names.dedupeWindowMinutes, isMinutes, 'a number of minutes')),
    maxEventsPerMinute: Number(read(names.maxEventsPerMinute, isCount, 'events per minute, 0 for no limit')),
    stackName: read(names.stackName, (value) => value !== '', 'the name of the stack'),
  };
  if (problems.length > 0) throw new SettingsError(problems.join('; '));
  return settings;
}

const isUrl = (value: string): boolean => URL.canParse(value);
const isArn = (value: string): boolean => value.startsWith('arn:');
const isMinutes = (value: string): boolean => /^\d{1,4}$/.test(value);
const isCount = (value: string): boolean => /^\d{1,5}$/.test(value);
const isFields = (value: string): boolean =>
  value.split(',').every((name) => identityFields.some((known) => known === name));

/** Events carry personal data, so they leave this machine only over TLS. */
function isHeapOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === '127.0.0.1');
  return isSafe && url.origin === value && url.username === '';
}
