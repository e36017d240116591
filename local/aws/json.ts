import { serializationError } from './error';

/**
 * The input of an operation in the AWS JSON protocols. Every reader returns `undefined` for a member that is absent
 * or null, and throws a SerializationException for a member of another JSON type.
 */
export class JsonInput {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members;
  }

  /** @throws SerializationException unless the string is a JSON object. */
  static parse(text: string): JsonInput {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw serializationError('The request is not valid JSON.');
    }
    if (!isObject(value)) throw serializationError('The request is not a JSON object.');
    return new JsonInput(value);
  }

  string(name: string): string | undefined {
    return this.#read(name, 'a string', isString);
  }

  integer(name: string): number | undefined {
    return this.#read(name, 'an integer', isInteger);
  }

  /** A blob, encoded as base64 in JSON. */
  blob(name: string): Buffer | undefined {
    const base64 = this.string(name);
    return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  }

  strings(name: string): readonly string[] | undefined {
    return this.#read(name, 'a list of strings', isListOf(isString));
  }

  stringMap(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, 'a map of strings', isMapOf(isString));
  }

  structures(name: string): readonly JsonInput[] | undefined {
    const list = this.#read(name, 'a list of structures', isListOf(isObject));
    return list?.map((members) => new JsonInput(members));
  }

  structureMap(name: string): readonly (readonly [string, JsonInput])[] | undefined {
    const map = this.#read(name, 'a map of structures', isMapOf(isObject));
    return map && Object.entries(map).map(([key, members]) => [key, new JsonInput(members)]);
  }

  #read<T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#members[name] ?? undefined;
    if (value === undefined || is(value)) return value;
    throw serializationError(`${name} is not ${what}.`);
  }
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf<T>(isItem: (value: unknown) => value is T) {
  return (value: unknown): value is readonly T[] => Array.isArray(value) && value.every(isItem);
}

function isMapOf<T>(isItem: (value: unknown) => value is T) {
  return (value: unknown): value is Readonly<Record<string, T>> =>
    isObject(value) && Object.values(value).every(isItem);
}
