import fc from 'fast-check';
import { Schedule } from '../../../../local/aws/sqs/schedule';

describe('a schedule', () => {
  const items = fc.integer({ min: 0, max: 60 });
  const moments = fc.integer({ min: 0, max: 30 });

  it('yields its remaining items by time, and items of the same time in the order they were set', () => {
    const steps = fc.array(fc.record({ item: items, at: fc.option(moments, { nil: undefined }) }), {
      maxLength: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (operations) => {
        const schedule = new Schedule<number>();
        const expected = new Map<number, number>();
        for (const { item, at } of operations) {
          expect(schedule.has(item)).toBe(expected.has(item));
          const wasThere = expected.delete(item);
          if (at === undefined) {
            expect(schedule.delete(item)).toBe(wasThere);
          } else {
            schedule.set(item, at);
            expected.set(item, at);
          }
          expect(schedule.size).toBe(expected.size);
        }

        const ordered = [...expected].sort(([, a], [, b]) => a - b).map(([item, at]) => ({ item, at }));
        expect(schedule.first).toEqual(ordered[0] && expect.objectContaining(ordered[0]));
        const taken = [...schedule.takeDue(30)].map(({ item, at }) => ({ item, at }));
        expect(taken).toEqual(ordered);
      }),
      { numRuns: 25 },
    );
  });

  it('keeps items that are not due', () => {
    const schedule = new Schedule<string>();
    schedule.set('now', 10);
    schedule.set('later', 11);

    expect([...schedule.takeDue(10)].map(({ item }) => item)).toEqual(['now']);
    expect([...schedule.takeDue(10)]).toEqual([]);
    expect(schedule.has('later')).toBe(true);
  });
});
