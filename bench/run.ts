import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { coldStart, delivery, handler, scale, transform, type Figure, type Goal } from './parts';
import { assetOf, measuredNode } from './processes';

const parts = { transform, handler, 'cold-start': coldStart, delivery, scale };

const program = new Command('npm run bench --')
  .description(
    'Measures what the function costs and how much it handles. Each figure has a reference from the same run. ' +
      'NODE_BENCH is the Node to measure; the default is the one that runs this command.',
  )
  .addArgument(new Argument('[part...]', 'what to measure (default: everything)').choices(Object.keys(parts)))
  .option(
    '--against <dir>',
    'compare with another checkout; only for the single part transform or cold-start',
  )
  .option('--json', 'print one line of JSON instead of a table')
  .action(run);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});

async function run(chosen: readonly string[], options: { against?: string; json?: boolean }): Promise<void> {
  if (options.against !== undefined && !['transform', 'cold-start'].includes(chosen.join()))
    program.error(
      '--against needs exactly one part, transform or cold-start: npm run bench -- transform --against DIR',
    );
  const asset = assetOf(join(__dirname, '..'));
  const figures: (Figure & { part: string })[] = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(part)) continue;
    process.stderr.write(`${part} …\n`);
    for (const figure of await measure(asset, options.against)) figures.push({ part, ...figure });
  }
  const node = execFileSync(measuredNode, ['--version'], { encoding: 'utf8' }).trim();
  const machine = { node, cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length };
  const date = new Date().toISOString().slice(0, 10);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...machine, date, figures })}\n`
      : `${date}, Node ${node}, ${machine.cores} × ${machine.cpu}\n\n${tableOf(figures)}\n`,
  );
}

/** A Markdown table in prettier's format. Goals are marked as met or not. */
function tableOf(figures: readonly (Figure & { part: string })[]): string {
  const lines = [
    ['part', 'what', 'figure', 'ratio', 'goal'],
    ...figures.map(({ part, what, value, ratio, reference, goal }) => [
      ...[part, what, value, `${Number(ratio.toPrecision(3))} × ${reference}`, judge(ratio, goal)],
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const [head, ...body] = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

function judge(ratio: number, goal?: Goal): string {
  if (goal === undefined) return '';
  const isMet = 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
  return `${'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`} ${isMet ? '✓' : '✗'}`;
}
