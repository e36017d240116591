import { isJsonObject, own } from '../json';

/** What identifies us to Heap. */
export interface HeapToken {
  readonly appId: string;
  /** An additional header, for accounts whose Heap wants a token. */
  readonly header?: { readonly name: string; readonly value: string };
}

export interface HeapTokensProps {
  /** Reads the secret's string. */
  readonly fetchSecret: () => Promise<string | undefined>;
  readonly now: () => number;
  /** Told why there is no usable secret; never the secret itself. */
  readonly onProblem: (problem: string) => void;
}

/** How long a value is used before the secret is read again. */
const timeToLiveMs = 300_000;

/**
 * The Heap token, read from the secret when first needed and again every five minutes, so that a rotation needs
 * no deployment. A value once read stays in use while the secret cannot be read.
 */
export class HeapTokens {
  private token: HeapToken | undefined;
  private readAt = -Infinity;

  constructor(private readonly props: HeapTokensProps) {}

  /** The token; undefined while there is none, and then nothing must be sent. */
  async current(): Promise<HeapToken | undefined> {
    const isFresh = this.token !== undefined && this.props.now() - this.readAt < timeToLiveMs;
    return isFresh ? this.token : this.refresh();
  }

  /** Reads the secret again, e.g. because Heap refused the token. Gives the same object while it is the same token. */
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
      // The name alone: an SDK's message may quote what it was given.
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
  const headerText = isJsonObject(header) ? own(header, 'value') : undefined;
  if (typeof name !== 'string' || typeof headerText !== 'string') {
    return 'the header in the secret needs a name and a value, both text';
  }
  const trimmed = headerText.trim();
  if (!headerName.test(name.trim()) || !headerValue.test(trimmed)) {
    return 'the header in the secret holds characters that HTTP does not allow';
  }
  return { appId, header: { name: name.trim(), value: trimmed } };
}
