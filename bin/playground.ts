import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { playgroundFile } from '../console/playground-file';
import { localEnvironment, readEnvironment } from '../lib/config/environments';
import { explain, OperatorError } from '../relay/terminal/operator-error';
import { whereItWasCalled, whyUnusable } from '../relay/terminal/payload';

new Command('npm run playground --')
  .description('Writes a page that shows what Heap would get for a payload: one file, no network access.')
  .option('--env <name>', 'the environment: the name of a file in config/', localEnvironment)
  .option('--out <file>', 'the file to write', 'playground.html')
  .action(write)
  .parseAsync()
  .catch((error: unknown) => {
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
    process.exitCode = 1;
  });

async function write({ env, out }: { env: string; out: string }): Promise<void> {
  const config = readEnvironment(env);
  const origin = { environment: env, version: version(), readAt: Date.now() };
  const html = await playgroundFile(config, origin, console.warn);
  const path = whereItWasCalled(out);
  if (!existsSync(dirname(path))) throw new OperatorError(`cannot write ${out}: there is no such folder`);
  try {
    writeFileSync(path, html);
  } catch (error) {
    throw new OperatorError(`cannot write ${out}: ${whyUnusable(error)}`);
  }
  const size = Math.ceil(Buffer.byteLength(html) / 1000);
  console.log(
    [
      `${path}: ${size} kB, with the settings of the environment ${env}.`,
      'Open it in a browser, or send it to the people who build the campaigns. Nothing typed there leaves the page.',
    ].join('\n'),
  );
}

/** The version from package.json, with the commit if this is a clone. */
function version(): string {
  const root = join(__dirname, '..');
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const own =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : '';
  try {
    const describe = ['describe', '--always', '--dirty', '--exclude', '*'];
    const commit = execFileSync('git', describe, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
    return `${own} (${commit.toString().trim()})`;
  } catch {
    return own;
  }
}
