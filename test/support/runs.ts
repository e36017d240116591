const isDeep = expect.getState().testPath?.endsWith('.deep.test.ts') === true;

/**
 * How often a property is tried: a third of so many times, and all of them where a `*.deep.test.ts` imports the test.
 * With another seed each time, so that the runs of both add up.
 */
export const runs = (all: number): number => (isDeep ? all : Math.ceil(all / 3));
