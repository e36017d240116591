import { execFileSync, execSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import * as z from 'zod';
import { environmentVariables, mappingFileName } from '../lambda/contract';
import type { MappingRule } from '../lambda/mapping/rule-format';

/** The Node to measure; by default the one that runs the benchmarks. */
export const measuredNode = process.env['NODE_BENCH'] ?? process.execPath;

/** V8's old-space limit in MiB, as Lambda sets it for a function with 256 MB. */
const lambdaHeapMiB = 231;

const scratch = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-bench-'));
process.on('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});

const scratchDirectory = (): string => mkdtempSync(join(scratch, 'files-'));

/**
 * The function's asset, bundled by the checkout's own app.
 *
 * @throws if the checkout's app cannot be synthesized
 */
export function assetOf(checkout: string): string {
  const cdk = join(checkout, 'cdk.json');
  if (!existsSync(cdk))
    throw new Error(`${checkout} is not a checkout of this app: it has no cdk.json; pass its root directory`);
  const { app } = z.object({ app: z.string() }).parse(JSON.parse(readFileSync(cdk, 'utf8')));
  const outdir = scratchDirectory();
  execSync(app, {
    cwd: checkout,
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_VALIDATION: 'false' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const asset = readdirSync(outdir).find((name) => existsSync(join(outdir, name, 'index.js')));
  if (asset === undefined) throw new Error(`the app in ${checkout} has no bundled function`);
  return withRules(join(outdir, asset), []);
}

/** A copy of an asset whose mapping holds only these rules. */
export function withRules(asset: string, rules: readonly MappingRule[]): string {
  const copy = scratchDirectory();
  cpSync(asset, copy, { recursive: true });
  const mapping = { rules, campaigns: {}, deniedIdentities: [] };
  writeFileSync(join(copy, mappingFileName), JSON.stringify(mapping));
  return copy;
}

/** Bundles a program like the function (lib/forward/forwarder-bundle.ts), into its own directory. */
async function bundle(source: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<string> {
  const directory = scratchDirectory();
  await build({
    ...source,
    outfile: join(directory, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    logLevel: 'warning',
  });
  return directory;
}

/** An asset of another handler, given as JavaScript. */
export const assetFrom = (contents: string): Promise<string> =>
  bundle({ stdin: { contents, resolveDir: __dirname } });

/** Calls `run` with the environment of a function whose Heap answers after the given latency. */
export async function withServices<Result>(
  latencyMs: number,
  run: (environment: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Result> {
  const [key, certificate] = [join(scratch, 'key.pem'), join(scratch, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'ignore' });
  const services = await start('services', {}, [latencyMs, key, certificate]);
  const origin = z.string().parse(await resultOf(services, 'services'));
  const environment = {
    [environmentVariables.heapBaseUrl]: origin,
    [environmentVariables.heapTokensArn]: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:heap-tokens',
    [environmentVariables.eventBufferUrl]: `${origin}/000000000000/buffer`,
    [environmentVariables.deadLetterQueueUrl]: `${origin}/000000000000/dead-letters`,
    [environmentVariables.identityOrder]: 'identity,email',
    [environmentVariables.dedupeWindowMinutes]: '10',
    [environmentVariables.maxEventsPerMinute]: '0',
    [environmentVariables.stackName]: 'Bench',
    NODE_EXTRA_CA_CERTS: certificate,
    AWS_ENDPOINT_URL: origin,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TZ: 'UTC',
  };
  return run(environment).finally(() => services.kill());
}

/**
 * Runs a program of `bench/workers/` and returns its result. The program does not inherit this process's environment.
 *
 * @param heapMiB V8's old-space limit
 */
export async function runWorker(
  name: string,
  environment: NodeJS.ProcessEnv,
  args: readonly (string | number)[],
  heapMiB = lambdaHeapMiB,
): Promise<unknown> {
  const child = await start(name, environment, args, heapMiB);
  const ended = once(child, 'close');
  const result = await resultOf(child, name);
  // Open connections would keep it running.
  child.kill();
  await ended;
  return result;
}

const programs = new Map<string, Promise<string>>();

async function start(
  name: string,
  env: NodeJS.ProcessEnv,
  args: readonly (string | number)[],
  heapMiB = lambdaHeapMiB,
): Promise<ChildProcess> {
  const program = programs.get(name) ?? bundle({ entryPoints: [join(__dirname, 'workers', `${name}.ts`)] });
  programs.set(name, program);
  const flags = ['--max-semi-space-size=12', `--max-old-space-size=${heapMiB}`];
  return spawn(measuredNode, [...flags, join(await program, 'index.js'), ...args.map(String)], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env,
  });
}

/** The line a program prints with `printResult`. */
function resultOf(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((found, reject) => {
    let line = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      line += chunk.toString();
      if (line.endsWith('\n')) found(JSON.parse(line));
    });
    child.on('error', reject);
    child.on('close', () => {
      reject(new Error(`bench/workers/${name}.ts ended without a result`));
    });
  });
}
