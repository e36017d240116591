import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync, type BuildOptions } from 'esbuild';
import { mappingFileName } from '../../lambda/contract';
import type { MappingSettings } from '../../lambda/mapping/rule-format';

/** Packages that the function loads only when it needs them, and the file of each beside the handler's. */
const separateFiles = { '@aws-sdk/client-sqs': 'sqs.js', liquidjs: 'liquidjs.js' } as const;

/**
 * The function's code and, beside it, the mapping as a file of its own, so that a person can read in the console
 * which rules are live. An environment variable would be too small for it.
 *
 * It is bundled only where a stack needs it, not for a list of the stacks. Its hash is that of the result.
 */
export function forwarderCode(mapping: MappingSettings): Code {
  const root = join(__dirname, '../..');
  const mappingText = `${JSON.stringify(mapping, null, 2)}\n`;
  return Code.fromAsset(join(root, 'lambda'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run, but CDK wants one: esbuild is among the installed packages.
      image: DockerImage.fromRegistry('scratch'),
      // CDK bundles once for equal options, and sees nothing of what `tryBundle` does.
      environment: { MAPPING_SHA256: createHash('sha256').update(mappingText).digest('hex') },
      local: {
        tryBundle: (directory) => {
          for (const [name, content] of [...bundledFiles(root), [mappingFileName, mappingText] as const]) {
            writeFileSync(join(directory, name), content);
          }
          return true;
        },
      },
    },
  });
}

/**
 * The files of the function's code by their names: the same bytes for the same sources on every machine.
 *
 * @param root the folder of the checkout, with `lambda/` and the installed packages
 * @throws esbuild's errors
 */
export function bundledFiles(root: string): ReadonlyMap<string, string> {
  const shared = {
    absWorkingDir: root,
    // Nothing is written there; the sources in the maps are relative to it.
    outdir: 'bundle',
    write: false,
    bundle: true,
    // A CommonJS file with the SDK inside starts faster than ESM and than the runtime's own SDK.
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    // Node reads a map only with --enable-source-maps, as npm start runs the function.
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
  const withoutUnused = unusedCredentialSources(root);
  const handler = buildSync({
    ...shared,
    entryPoints: { index: 'lambda/handler.ts' },
    alias: {
      ...withoutUnused,
      ...Object.fromEntries(Object.entries(separateFiles).map(([name, file]) => [name, `./${file}`])),
    },
    external: Object.values(separateFiles).map((file) => `./${file}`),
    // An `import()` left in the code would load Node's loader of ES modules.
    supported: { 'dynamic-import': false },
  });
  const packages = buildSync({
    ...shared,
    entryPoints: Object.fromEntries(
      Object.entries(separateFiles).map(([name, file]) => [file.replace(/\.js$/, ''), name]),
    ),
    alias: withoutUnused,
  });
  return new Map(
    [...handler.outputFiles, ...packages.outputFiles].map(({ path, text }) => [
      basename(path),
      path.endsWith('.map') ? withoutCheckoutPath(text) : text,
    ]),
  );
}

/** Lambda gives credentials in the environment; the SDK's other sources would be dead weight in every cold start. */
function unusedCredentialSources(root: string): Record<string, string> {
  const stub = join(root, 'lib/forward/absent-credential-source.ts');
  const sources = ['ini', 'process', 'sso', 'web-identity'];
  return Object.fromEntries(sources.map((source) => [`@aws-sdk/credential-provider-${source}`, stub]));
}

/** A source map whose sources are `lambda/…` and `node_modules/…`, wherever checkout and packages are. */
function withoutCheckoutPath(map: string): string {
  return JSON.stringify(JSON.parse(map), (key, value: unknown) =>
    key === 'sources' && Array.isArray(value)
      ? value.map((source) => String(source).replace(/^(?:.*?\/)??(?=node_modules\/)|^(?:\.\.\/)+/, ''))
      : value,
  );
}
