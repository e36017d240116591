import fc from 'fast-check';
import { templateObject } from '../../../lambda/mapping/template-scope';
import { anyJsonObject } from '../../support/untrusted-json';

type Fields = Record<string, unknown>;

const scopeOf = (object: Fields, ...fallbacks: Fields[]): Fields => templateObject(object, ...fallbacks);

const parsed = (json: string): Fields => JSON.parse(json) as Fields;

describe('a name', () => {
  it.each(['Email', 'email', 'EMAIL', 'eMaIl'])('%s is found regardless of case', (name) => {
    expect(scopeOf({ Email: 'a' })[name]).toBe('a');
  });

  it('is matched exactly first, wherever the exact one is', () => {
    const scope = scopeOf({ EMAIL: 'upper', email: 'lower', Email: 'mixed' });

    expect([scope['email'], scope['Email'], scope['EMAIL']]).toEqual(['lower', 'mixed', 'upper']);
    expect(scope['eMAIL']).toBe('upper');
  });

  it('is found without regard to case at every level and in lists', () => {
    const scope = scopeOf({ A: { B: [{ C: { D: 'deep' } }] } });
    const list = (scope['a'] as Fields)['b'] as Fields[];

    expect((list[0]?.['c'] as Fields)['d']).toBe('deep');
  });

  it('matches exactly in everything but case, even blanks', () => {
    const scope = scopeOf({ 'Product Name': 'hat', 'a.b': 1, '': 2, '0': 3 });

    expect(scope['product name']).toBe('hat');
    expect(scope['productname']).toBeUndefined();
    expect([scope['a.b'], scope[''], scope[0]]).toEqual([1, 2, 3]);
  });

  it('that is missing has no value', () => {
    const scope = scopeOf({ a: null });

    expect(scope['b']).toBeUndefined();
    expect('b' in scope).toBe(false);
    expect(Object.hasOwn(scope, 'b')).toBe(false);
    expect(scope['a']).toBeNull();
    expect('A' in scope).toBe(true);
    expect(Object.hasOwn(scope, 'A')).toBe(true);
  });
});

describe('fallbacks', () => {
  it('are searched in order for what the first does not have', () => {
    const scope = scopeOf(
      { name: 'first' },
      { NAME: 'second', plan: 'second' },
      { plan: 'third', tier: 'third' },
    );

    expect([scope['name'], scope['NAME'], scope['Plan'], scope['Tier']]).toEqual([
      'first',
      'first',
      'second',
      'third',
    ]);
    expect(Object.hasOwn(scope, 'tier')).toBe(true);
  });

  it('do not replace a null in the first', () => {
    expect(scopeOf({ plan: null }, { plan: 'gold' })['plan']).toBeNull();
  });
});

describe('nothing inherited', () => {
  const inherited = [
    'constructor',
    '__proto__',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    '__lookupGetter__',
  ];

  it.each(inherited)('is found under %s', (name) => {
    const scope = scopeOf({ a: { b: 1 } }, { c: 1 });

    for (const object of [scope, scope['a'] as Fields]) {
      expect(object[name]).toBeUndefined();
      expect(name in object).toBe(false);
      expect(Object.hasOwn(object, name)).toBe(false);
      expect(Object.getPrototypeOf(object)).toBeNull();
    }
  });

  it.each(inherited)('hides what the sender named %s', (name) => {
    const scope = scopeOf(parsed(`{${JSON.stringify(name)}:"own"}`), parsed('{}'));

    expect(scope[name]).toBe('own');
  });

  it('is found by symbols', () => {
    const scope = scopeOf({ a: 1, 'Symbol(Symbol.iterator)': 'x' });

    expect([scope[Symbol.iterator as never], scope[Symbol.toPrimitive as never]]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('is found under any name in anything that is sent', () => {
    fc.assert(
      fc.property(anyJsonObject, fc.oneof(fc.constantFrom(...inherited), fc.string()), (object, name) => {
        const isOwn = Object.keys(object).some((key) => key.toLowerCase() === name.toLowerCase());

        expect(Object.hasOwn(scopeOf(object), name)).toBe(isOwn);
        if (!isOwn) expect(scopeOf(object)[name]).toBeUndefined();
      }),
    );
  });
});

describe('values', () => {
  it('are those of the object, of their own types', () => {
    const object = { text: 'x', number: 1.5, no: false, none: null, list: [1, 'a', null, [true]], empty: {} };

    expect(JSON.stringify(scopeOf(object))).toBe(JSON.stringify(object));
  });

  it('that are strings are cut to 8192 characters at every level (F37)', () => {
    const long = 'x'.repeat(350_000);
    const scope = scopeOf({ a: long, list: [long, [long]], object: { a: long } }, { b: long });
    const list = scope['list'] as [string, [string]];

    for (const text of [scope['a'], scope['b'], list[0], list[1][0], (scope['object'] as Fields)['a']])
      expect(text).toBe('x'.repeat(8192));
    expect(scopeOf({ a: 'x'.repeat(8192) })['a']).toHaveLength(8192);
  });

  it('stay unchanged in the object itself', () => {
    const object = { a: 'x'.repeat(9000), list: ['y'.repeat(9000)] };
    const before = JSON.stringify(object);

    expect(JSON.stringify(scopeOf(object)).length).toBeLessThan(before.length);
    expect(JSON.stringify(object)).toBe(before);
  });
});
