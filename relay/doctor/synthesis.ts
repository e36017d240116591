import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { stackName } from '../../lib/config/environments';
import { OperatorError } from '../terminal/operator-error';
import { templateSchema, type Template } from './template';

/** What `cdk deploy` would deploy. */
export interface Synthesis {
  readonly template: Template;
  /** The warnings of the synth, each as a sentence. */
  readonly warnings: readonly string[];
  /** The bootstrap version that the account needs, and the SSM parameter that holds its own. */
  readonly bootstrap: { readonly parameter: string; readonly version: number };
}

const repository = join(__dirname, '../..');

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      properties: z
        .object({
          templateFile: z.string(),
          requiresBootstrapStackVersion: z.number(),
          bootstrapStackVersionSsmParameter: z.string(),
        })
        .partial()
        .optional(),
      additionalMetadataFile: z.string().optional(),
    }),
  ),
});

const metadataSchema = z.record(z.string(), z.array(z.object({ type: z.string(), data: z.unknown() })));

/**
 * Synthesizes an environment with its bundle, as `cdk deploy` does, in a separate process, so that the commands do not
 * load CDK. The validators are left out, because they do not change the template.
 *
 * @throws {OperatorError} with the app's output, such as mistakes in `config/`
 */
export async function synthesize(environment: string): Promise<Synthesis> {
  const stack = stackName(environment);
  const outdir = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-doctor-'));
  try {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'bin/clevertap-to-heap.ts'], {
      cwd: repository,
      env: {
        ...process.env,
        CDK_OUTDIR: outdir,
        CDK_VALIDATION: 'false',
        CDK_CONTEXT_JSON: JSON.stringify({ env: environment, 'aws:cdk:bundling-stacks': [stack] }),
      },
    }).catch((error: unknown) => {
      throw new OperatorError(outputOf(error));
    });
    return readAssembly(outdir, stack);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Reads a stack from a cloud assembly. */
export function readAssembly(directory: string, stack: string): Synthesis {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const artifact = manifestSchema.parse(read('manifest.json')).artifacts[stack];
  const { templateFile, requiresBootstrapStackVersion, bootstrapStackVersionSsmParameter } =
    artifact?.properties ?? {};
  if (
    templateFile === undefined ||
    requiresBootstrapStackVersion === undefined ||
    bootstrapStackVersionSsmParameter === undefined
  ) {
    throw new OperatorError(`the app has no stack ${stack}`);
  }
  const metadata =
    artifact?.additionalMetadataFile === undefined
      ? {}
      : metadataSchema.parse(read(artifact.additionalMetadataFile));
  return {
    template: templateSchema.parse(read(templateFile)),
    warnings: Object.values(metadata)
      .flat()
      .filter(({ type }) => type === 'aws:cdk:warning')
      // CDK appends how to silence a warning.
      .map(({ data }) => String(data).replace(/\s*\[ack: [^\]]*\]$/, '')),
    bootstrap: { parameter: bootstrapStackVersionSsmParameter, version: requiresBootstrapStackVersion },
  };
}

function outputOf(error: unknown): string {
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return output === '' ? 'the app cannot be synthesized; run npm run synth' : output;
}
