import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { Argument, Command } from 'commander';
import { benchColdStart } from './cold-start';
import { benchDelivery } from './delivery';
import { benchDoor } from './door';
import { benchHandler } from './handler';
import { benchScale } from './scale';
import { benchTransform } from './transform';
import { tableOf, type Figure } from './report';
import { measuredNode } from './workers';

const parts: Readonly<Record<string, () => Promise<Figure[]>>> = {
  transform: benchTransform,
  handler: benchHandler,
  'cold-start': benchColdStart,
  delivery: benchDelivery,
  door: benchDoor,
  scale: benchScale,
};

interface Options {
  readonly json?: boolean;
}

new Command('npm run bench --')
  .description(
    'Measures how fast events become bulk requests and reach Heap, each figure beside a reference in the same run. ' +
      'NODE_BENCH names the Node that is measured; the default is the one that runs this.',
  )
  .addArgument(new Argument('[part...]', 'all of them by default').choices(Object.keys(parts)))
  .option('--json', 'print one line of JSON instead of a table')
  .action(run)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  });

async function run(chosen: readonly string[], options: Options): Promise<void> {
  const figures: Figure[] = [];
  for (const [name, bench] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    figures.push(...(await bench()));
  }
  const machine = {
    node: execFileSync(measuredNode, ['--version'], { encoding: 'utf8' }).trim(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString().slice(0, 10),
  };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...machine, figures })}\n`
      : `${machine.date}, Node ${machine.node}, ${machine.cores} × ${machine.cpu}\n\n${tableOf(figures)}\n`,
  );
}
