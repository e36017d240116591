import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { mappingFileName } from '../../lambda/contract';
import type { MappingSettings } from '../../lambda/mapping/rule-format';

/** The folder of the checkout, or of the package. */
const root = join(__dirname, '../..');

/** The bundle that the package has; a checkout has none and bundles its sources. */
const packedBundle = join(root, 'function');

/**
 * The function's code and, beside it, the mapping as a file of its own, so that a person can read in the console
 * which rules are live. An environment variable would be too small for it.
 *
 * It is bundled only where a stack needs it, not for a list of the stacks. Its hash is that of the result.
 */
export function forwarderCode(mapping: MappingSettings): Code {
  const mappingText = `${JSON.stringify(mapping, null, 2)}\n`;
  return Code.fromAsset(existsSync(packedBundle) ? packedBundle : join(root, 'lambda'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run, but CDK wants one.
      image: DockerImage.fromRegistry('scratch'),
      // CDK bundles once for equal options, and sees nothing of what `tryBundle` does.
      environment: { MAPPING_SHA256: createHash('sha256').update(mappingText).digest('hex') },
      local: {
        tryBundle: (directory) => {
          for (const [name, content] of [...functionFiles(), [mappingFileName, mappingText] as const]) {
            writeFileSync(join(directory, name), content);
          }
          return true;
        },
      },
    },
  });
}

/** Loads the bundler, which the package does without. */
const load: (path: string) => { bundledFiles: (root: string) => ReadonlyMap<string, string> } =
  createRequire(__filename);

function functionFiles(): ReadonlyMap<string, string> {
  if (!existsSync(packedBundle)) return load('./forwarder-bundle').bundledFiles(root);
  return new Map(
    readdirSync(packedBundle).map((name) => [name, readFileSync(join(packedBundle, name), 'utf8')]),
  );
}
