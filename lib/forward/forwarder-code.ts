import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { mappingFileName } from '../../lambda/contract';
import type { MappingSettings } from '../../lambda/mapping/rule-format';

/** The root folder of the checkout or package. */
const root = join(__dirname, '../..');

/** The package ships the bundle; a checkout bundles its sources. */
const packedBundle = join(root, 'function');

/**
 * The function's code, with the mapping in a separate file so that the AWS console shows which rules are
 * live. The mapping would not fit in an environment variable.
 *
 * Bundles only for stacks that need it, not to list stacks. The asset hash is that of the output.
 */
export function forwarderCode(mapping: MappingSettings): Code {
  const mappingText = `${JSON.stringify(mapping, null, 2)}\n`;
  return Code.fromAsset(existsSync(packedBundle) ? packedBundle : join(root, 'lambda'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never runs, but CDK requires one.
      image: DockerImage.fromRegistry('scratch'),
      // CDK bundles once for equal options and cannot see what `tryBundle` does.
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

/** Loads the bundler, which the package does not include. */
const load: (path: string) => { bundledFiles: (root: string) => ReadonlyMap<string, string> } =
  createRequire(__filename);

function functionFiles(): ReadonlyMap<string, string> {
  if (!existsSync(packedBundle)) return load('./forwarder-bundle').bundledFiles(root);
  return new Map(
    readdirSync(packedBundle).map((name) => [name, readFileSync(join(packedBundle, name), 'utf8')]),
  );
}
