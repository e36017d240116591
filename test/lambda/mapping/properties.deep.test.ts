import type { JsonObject } from '../../../lambda/json';
import { Changes } from '../../../lambda/mapping/findings';
import { PropertyCollector } from '../../../lambda/mapping/properties';
import { keptMemory } from '../../support/kept-memory';

/** Members of an object, or elements of a list, made from their indexes. */
function ones(count: number, nameOf: (index: number) => string): [string, number][] {
  return Array.from({ length: count }, (_, index) => [nameOf(index), 1]);
}

describe('a collector', () => {
  // In each case they add up to 20 MB or more.
  it.each<[string, number, (index: number) => object]>([
    ['unique names', 500, (index) => Object.fromEntries(ones(100, (at) => `own ${index} ${at}`))],
    ['a long unique name', 100, (index) => ({ a: { [`${index} `.padEnd(100_000, '手')]: 1 } })],
  ])('keeps nothing in memory after bodies with %s (F26)', (_, bodies, bodyOf) => {
    const collectAll = (count: number): void => {
      for (let index = 0; index < count; index += 1)
        new PropertyCollector(new Changes()).addAll(JSON.parse(JSON.stringify(bodyOf(index))) as JsonObject);
    };
    collectAll(10);
    const kept = keptMemory(() => {
      collectAll(bodies);
    });

    expect(kept).toBeLessThan(5_000_000);
  });

  it.each<[string, object]>([
    ['members', Object.fromEntries(ones(50_000, (at) => `k${at}`).map(([at]) => [at, null]))],
    ['elements', ones(50_000, () => '').map(() => [])],
  ])('builds no names for %s that are dropped under a long name (F26, F31)', (_, value) => {
    const object = { ['x'.repeat(1000)]: value } as JsonObject;
    const changes = new Changes();
    const kept = keptMemory(() => {
      new PropertyCollector(changes).addAll(object);
    });

    expect(changes.recorded).toHaveLength(50_000);
    // With a name for each it would be 100 MB.
    expect(kept).toBeLessThan(30_000_000);
  });

  it.each<[string, object]>([
    ['an object', Object.fromEntries(ones(500, (at) => `k${at}`))],
    ['a list', ones(500, () => '').map(() => ({}))],
  ])('needs no more memory for a name that is too long if it names %s (F31, F37)', (_, value) => {
    const object = { ['x'.repeat(100_000)]: value } as JsonObject;
    let properties: unknown;
    const kept = keptMemory(() => {
      // A type is looked up by the whole name.
      const collector = new PropertyCollector(new Changes(), new Map([['a', 'string']]));
      collector.addAll(object);
      properties = collector.properties;
    });

    // With the name prefixed to each member it would be 50 MB.
    expect(kept).toBeLessThan(5_000_000);
    expect(properties).toEqual({});
  });
});
