import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../bin/clevertap-to-heap';
import { environmentNames, isDeployed, stackName } from '../lib/config/environments';
import { costTables } from './cost-report';

const environments = environmentNames().filter(isDeployed);

/** The lines around the computed part of docs/cost.md. */
const [begin, end] = ['<!-- npm run cost writes from here -->', '<!-- to here -->'];

const outdir = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-cost-'));
try {
  // Validation and bundling do not affect the cost.
  process.env['CDK_VALIDATION'] = 'false';
  createApp({ names: environments, outdir, context: { 'aws:cdk:bundling-stacks': [] } }).synth();
  const templateOf = (name: string): unknown =>
    JSON.parse(readFileSync(join(outdir, `${stackName(name)}.template.json`), 'utf8'));
  const tables = costTables(new Map(environments.map((name) => [name, templateOf(name)])));

  const file = join(__dirname, '../docs/cost.md');
  const page = readFileSync(file, 'utf8');
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/cost.md must hold the lines ${begin} and ${end}`);
  }
  writeFileSync(file, `${before}${begin}\n\n${tables}\n${end}${after}`);
  console.log(tables);
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
