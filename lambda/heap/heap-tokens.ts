import { isJsonObject, own } from '../json';

/** What identifies us to Heap. */
export interface HeapToken {
  readonly appId: string;
  /** An additional header, for Heap accounts that require a token. */
  readonly header?: { readonly name: string; readonly value: string };
}

export interface HeapTokensProps {
  /** Reads the secret's string. */
  readonly fetchSecret: () => Promise<string | undefined>;
  readonly now: () => number;
  /** Called with the reason why there is no usable secret; never with the secret itself. */
  readonly onProblem: (problem: string) => void;
}

/** How long a value is used before the secret is read again. */
const timeToLiveMs = 300_000;

/**
 * The Heap token, read from the secret on first use and again every five minutes, so that a rotation needs no
 * deployment. While the secret cannot be read, the last value stays in use.
 */
export class HeapTokens {
  private token: HeapToken | undefined;
  private readAt = -Infinity;

  constructor(private readonly props: HeapTokensProps) {}

  /** The token, or undefined if there is none. Nothing may be sent without it. */
  async current(): Promise<HeapToken | undefined> {
    const isFresh = this.token !== undefined && this.props.now() - this.readAt < timeToLiveMs;
    return isFresh ? this.token : this.refresh();
  }

  /** Reads the secret again, e.g. because Heap refused the token. Returns the same object if nothing changed. */
  async refresh(): Promise<HeapToken | undefined> {
    try {
      const parsed = parseHeapToken(await this.props.fetchSecret());
      if (typeof parsed === 'string') {
        this.props.onProblem(parsed);
      } else {
        if (JSON.stringify(parsed) !== JSON.stringify(this.token)) this.token = parsed;
        this.readAt = this.props.now();
      }
    } catch (error) {
      // Only the name: an SDK's message may quote its input.
      this.props.onProblem(
        `cannot read the secret: ${error instanceof Error ? error.name : 'unknown error'}`,
      );
    }
    return this.token;
  }
}

/** Header names and values as HTTP allows them (RFC 9110, 5.5); anything else makes Node throw. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\x20-\x7e]+$/;

/** The token in the secret's string, or a sentence that says what is wrong with it. */
export function parseHeapToken(secretString: string | undefined): HeapToken | string {
  let secret: unknown;
  try {
    secret = JSON.parse(secretString ?? '');
  } catch {
    return 'the secret is not JSON; store {"appId":"<digits>"}';
  }
  if (!isJsonObject(secret)) return 'the secret is not a JSON object; store {"appId":"<digits>"}';

  const value = own(secret, 'appId');
  const appId = typeof value === 'string' || Number.isSafeInteger(value) ? String(value).trim() : '';
  if (!/^\d+$/.test(appId)) return 'the secret has no numeric appId; store {"appId":"<digits>"}';

  const header = own(secret, 'header');
  if (header === undefined) return { appId };
  const name = isJsonObject(header) ? own(header, 'name') : undefined;
  const rawValue = isJsonObject(header) ? own(header, 'value') : undefined;
  if (typeof name !== 'string' || typeof rawValue !== 'string') {
    return 'the header in the secret needs a name and a value, both strings';
  }
  const trimmed = rawValue.trim();
  if (!headerName.test(name.trim()) || !headerValue.test(trimmed)) {
    return 'the header in the secret holds characters that HTTP does not allow';
  }
  return { appId, header: { name: name.trim(), value: trimmed } };
}
