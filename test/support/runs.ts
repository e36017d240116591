const isDeep = expect.getState().testPath?.endsWith('.deep.test.ts') === true;

/**
 * How often a property is tested: a third of the given number, and all of them if a `*.deep.test.ts` imports the
 * test. Each run uses another seed, so both add up.
 */
export const runs = (all: number): number => (isDeep ? all : Math.ceil(all / 3));
