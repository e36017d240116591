import fc from 'fast-check';
import { field, fieldKey, isJsonObject, objectField, own, type JsonObject } from '../../lambda/json';

describe('isJsonObject', () => {
  it.each([
    [{}, true],
    [{ a: 1 }, true],
    [[], false],
    [null, false],
    ['text', false],
    [1, false],
    [undefined, false],
  ])('of %j is %s', (value, expected) => {
    expect(isJsonObject(value)).toBe(expected);
  });
});

describe('own', () => {
  it('returns what the object itself holds', () => {
    expect(own({ identity: 'a' }, 'identity')).toBe('a');
  });

  it.each(['toString', 'constructor', '__proto__', 'missing'])(
    'returns nothing inherited under %s',
    (key) => {
      expect(own({}, key)).toBeUndefined();
    },
  );

  it('returns nothing that a body put into its own __proto__ (F32)', () => {
    const body = JSON.parse('{"__proto__":{"identity":"victim"}}') as JsonObject;

    expect(own(body, 'identity')).toBeUndefined();
  });
});

describe('field', () => {
  it.each(['profileData', 'ProfileData', 'PROFILEDATA', 'profiledata'])('is found as %s', (key) => {
    expect(fieldKey({ other: 1, [key]: 2 }, 'profileData')).toBe(key);
    expect(field({ other: 1, [key]: 2 }, 'profileData')).toBe(2);
  });

  it('prefers the exact casing to an earlier one', () => {
    expect(field({ Email: 'earlier', email: 'exact' }, 'email')).toBe('exact');
  });

  it('takes the first of several other casings', () => {
    expect(field({ EMAIL: 'first', Email: 'second' }, 'email')).toBe('first');
  });

  it('is found in any casing, whatever its lower-case form', () => {
    const letters = fc.string({
      unit: fc.constantFrom('i', 'I', 'İ', '\u0307', 'k', 'K', '\u212a', 'Σ', 'ς', 'ß', 'ẞ'),
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.uniqueArray(letters, { maxLength: 5 }), letters, (keys, name) => {
        const object = Object.fromEntries(keys.map((key) => [key, 1]));
        const [first] = keys.filter((key) => key.toLowerCase() === name.toLowerCase());
        expect(fieldKey(object, name)).toBe(keys.includes(name) ? name : first);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['toString', 'constructor', '__proto__'])('finds nothing inherited under %s', (key) => {
    expect(fieldKey({}, key)).toBeUndefined();
    expect(field({}, key)).toBeUndefined();
  });
});

describe('objectField', () => {
  it('returns the object under a field in any casing', () => {
    expect(objectField({ Key_Values: { a: 1 } }, 'key_values')).toEqual({ a: 1 });
  });

  it.each([[[1]], ['text'], [null], [7], [undefined]])('returns an empty object for %j', (value) => {
    expect(objectField({ key_values: value }, 'key_values')).toEqual({});
  });
});
