/** From 0 to below 1. */
export type Random = () => number;

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Maps a number from 0 to below 1 to an integer from `min` to `max`. */
export const between = (random: number, { min, max }: Range): number =>
  min + Math.floor(random * (max - min + 1));

/**
 * Pseudo-random numbers from a seed: mulberry32 seeded with its FNV-1a hash.
 *
 * https://github.com/cprosche/mulberry32, http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function randomOf(seed: string): Random {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
