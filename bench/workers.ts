import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { createApp } from '../bin/clevertap-to-heap';

/** The Node that is measured; the one that runs the benchmarks by default. */
export const measuredNode = process.env['NODE_BENCH'] ?? process.execPath;

// The SDK is no concern of a person who measures.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

/** How Lambda's own runtime starts Node in a function of 256 MB: a tenth for new objects, the rest for old ones. */
const lambdaFlags = ['--max-semi-space-size=12', '--max-old-space-size=231'];

const directory = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-bench-'));
process.on('exit', () => {
  rmSync(directory, { recursive: true, force: true });
});

/** How the function is bundled (lib/forward/heap-forwarder.ts), so that what is measured is what is deployed. */
export const bundling: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  mainFields: ['module', 'main'],
  target: 'node24',
  minify: true,
  logLevel: 'warning',
};

const bundles = new Map<string, Promise<string>>();

/** The path of a bundled program of `bench/workers/`. */
function bundled(worker: string): Promise<string> {
  const known = bundles.get(worker);
  if (known !== undefined) return known;
  const outfile = join(directory, `${worker}.cjs`);
  const bundle = build({
    ...bundling,
    entryPoints: [join(__dirname, 'workers', `${worker}.ts`)],
    outfile,
  }).then(() => outfile);
  bundles.set(worker, bundle);
  return bundle;
}

/** A directory of its own for files that workers read. */
export const scratchDirectory = (): string => mkdtempSync(join(directory, 'files-'));

export interface Assembly {
  readonly directory: string;
  /** Directory of the bundled function. */
  readonly asset: string;
}

let assembly: Assembly | undefined;

/** The synthesized `local` environment. */
export function localAssembly(): Assembly {
  if (assembly !== undefined) return assembly;
  // This template is interpreted here and deployed nowhere.
  process.env['CDK_VALIDATION'] = 'false';
  const outdir = mkdtempSync(join(directory, 'assembly-'));
  createApp({ names: ['local'], outdir }).synth();
  const asset = readdirSync(outdir).find((name) => name.startsWith('asset.'));
  if (asset === undefined) throw new Error('the environment "local" has no bundled function');
  assembly = { directory: outdir, asset: join(outdir, asset) };
  return assembly;
}

export interface WorkerOptions {
  readonly args?: readonly (string | number)[];
  /** Nothing is inherited from this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program of `bench/workers/` to its end and gives its result. */
export async function runWorker(name: string, options: WorkerOptions = {}): Promise<unknown> {
  const child = await spawnWorker(name, options);
  const [result] = await Promise.all([resultOf(child, name), ended(child, name)]);
  return result;
}

/** Starts a program of `bench/workers/` that serves until it is stopped, and gives its first result. */
export async function startWorker(
  name: string,
  options: WorkerOptions = {},
): Promise<{ readonly result: unknown; readonly stop: () => void }> {
  const child = await spawnWorker(name, options);
  return { result: await resultOf(child, name), stop: () => void child.kill() };
}

async function spawnWorker(
  name: string,
  { args = [], environment = {} }: WorkerOptions,
): Promise<ChildProcess> {
  return spawn(measuredNode, [...lambdaFlags, await bundled(name), ...args.map(String)], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: environment,
  });
}

/** The first line a worker prints with `printResult`. */
function resultOf(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith('\n')) resolve(JSON.parse(text));
    });
    child.on('error', reject);
    child.on('close', () => {
      reject(new Error(`bench/workers/${name}.ts ended without a result`));
    });
  });
}

function ended(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`bench/workers/${name}.ts failed`));
    });
  });
}
