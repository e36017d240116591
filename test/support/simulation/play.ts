import { playOutage } from './outage';
import { playStorm } from './storm';

/** The child process of plain-node.ts: runs one simulation after another. */
export const plays = { storm: playStorm, outage: playOutage };

export type Plays = typeof plays;

interface Request {
  readonly name: keyof Plays;
  readonly options: never;
}

process.on('message', ({ name, options }: Request) => {
  const play: (options: never) => Promise<object> = plays[name];
  play(options).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
