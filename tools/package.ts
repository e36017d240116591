import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import * as z from 'zod';
import manifest from '../package.json';
import { bundledFiles } from '../lib/forward/forwarder-bundle';
import { withPackedLinks } from './package-links';
import { thirdPartyLicenses } from './third-party-licenses';

const root = join(__dirname, '..');

/** What is published, and where `npm run package` puts it. Nobody edits it. */
export const packageDirectory = join(root, 'dist/package');

/** What a consumer's TypeScript sees, as a text to read in a review. */
export const apiReport = join(root, 'docs/construct.api.md');

/**
 * What the consumer's app has itself. aws-cdk-lib before 2.269.0 refuses to acknowledge a finding about an ARN; its own peer
 * is the lower bound of constructs.
 */
export const peers = { 'aws-cdk-lib': '^2.269.0', constructs: '^10.5.0' } as const;

const entry = 'lib/clevertap-to-heap';

/**
 * Makes the package anew: compiled JavaScript, declarations of what is public, the function's bundle and the licenses
 * of what is in it, the schema of rules, the operator's commands and the pages of `docs`.
 *
 * @param report where the report on the public interface is written
 * @throws for a mistake of types, a type that is used and not exported, or an import that no dependency provides
 */
export function buildPackage(report = apiReport): void {
  rmSync(packageDirectory, { recursive: true, force: true });
  const compiler = createRequire(__filename).resolve('typescript/bin/tsc');
  const project = join(__dirname, 'package.tsconfig.json');
  execFileSync(process.execPath, [compiler, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
  declareWhatIsPublic(project, report);
  chmodSync(join(packageDirectory, 'bin/relay.js'), 0o755);

  mkdirSync(join(packageDirectory, 'function'));
  for (const [name, content] of bundledFiles(root)) {
    writeFileSync(join(packageDirectory, 'function', name), content);
  }
  cpSync(join(root, 'config/mapping.schema.json'), join(packageDirectory, 'mapping.schema.json'));
  writeFileSync(join(packageDirectory, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(root));
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md'])
    cpSync(join(root, file), join(packageDirectory, file));
  // Notices of alarms and errors of commands name these pages. Their pictures stay in the repository.
  cpSync(join(root, 'docs'), join(packageDirectory, 'docs'), {
    recursive: true,
    filter: (path) => path !== join(root, 'docs/images'),
  });
  const packed = {
    contains: (path: string) => existsSync(join(packageDirectory, path)),
    repository: repositoryOf(manifest),
    tag: `v${manifest.version}`,
  };
  for (const page of filesOf(packageDirectory).filter((path) => path.endsWith('.md'))) {
    const path = join(packageDirectory, page);
    writeFileSync(path, withPackedLinks(page, readFileSync(path, 'utf8'), packed));
  }
  writeFileSync(join(packageDirectory, 'package.json'), `${JSON.stringify(packageManifest(), null, 2)}\n`);
}

const givenSchema = z.object({
  repository: z.union([z.string(), z.object({ url: z.string() }).transform(({ url }) => url)]).optional(),
  homepage: z.string().optional(),
});

/**
 * The repository on GitHub as `owner/name`: that of the manifest, or the one in which a workflow runs; undefined if neither
 * is given.
 *
 * @throws for a repository elsewhere
 */
export function repositoryOf(given: object): string | undefined {
  const { repository = process.env['GITHUB_REPOSITORY'] } = givenSchema.parse(given);
  if (repository === undefined || repository === '') return undefined;
  const [, path] =
    /^(?:github:|(?:git\+)?https:\/\/github\.com\/)?([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(repository) ?? [];
  if (path !== undefined) return path;
  throw new Error(
    `repository in package.json must be on GitHub, such as "github:owner/name"; got "${repository}"`,
  );
}

/** @throws without a repository, which npm shows and with which it compares the provenance */
export function checkReleasable(given: object): void {
  if (repositoryOf(given) !== undefined) return;
  throw new Error(
    'a release needs its repository: set "repository": "github:OWNER/clevertap-to-heap" in package.json (docs/release.md)',
  );
}

/** One file of declarations in the place of many, with nothing in it that is not exported; and the report on it. */
function declareWhatIsPublic(project: string, report: string): void {
  const declarations = join(packageDirectory, `${entry}.d.ts`);
  const rolledUp = join(packageDirectory, 'public.d.ts');
  const folder = join(root, 'dist/api');
  mkdirSync(folder, { recursive: true });
  const none = { logLevel: ExtractorLogLevel.None };
  const error = { logLevel: ExtractorLogLevel.Error };
  const { succeeded } = Extractor.invoke(
    ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: declarations,
        compiler: { tsconfigFilePath: project },
        apiReport: {
          enabled: true,
          reportFileName: 'report.api.md',
          reportFolder: folder,
          reportTempFolder: join(folder, 'temp'),
          includeForgottenExports: true,
        },
        dtsRollup: { enabled: true, untrimmedFilePath: rolledUp },
        docModel: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: error },
          // Comments are for people: TSDoc's own tags and braces are not what they are written for.
          tsdocMessageReporting: { default: none },
          extractorMessageReporting: { default: error, 'ae-missing-release-tag': none },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
    }),
    {
      localBuild: true,
      messageCallback: (message) => {
        // The list of values of which a type is made, which a consumer need not name.
        if (message.messageId === 'ae-forgotten-export' && /The symbol "[a-z]/.test(message.text)) {
          message.logLevel = ExtractorLogLevel.None;
        }
        if (message.messageId.startsWith('console-'))
          message.handled = message.logLevel !== ExtractorLogLevel.Error;
      },
    },
  );
  if (!succeeded) throw new Error('the public interface cannot be declared; see the errors above');
  for (const path of filesOf(packageDirectory))
    if (path.endsWith('.d.ts') && path !== 'public.d.ts') rmSync(join(packageDirectory, path));
  cpSync(rolledUp, declarations);
  rmSync(rolledUp);
  cpSync(join(folder, 'report.api.md'), report);
}

/** What npm knows of the package. What the repository needs to be developed is none of it. */
function packageManifest(): object {
  const { name, version, description, keywords, license, engines, dependencies } = manifest;
  const repository = repositoryOf(manifest);
  const { homepage = repository && `https://github.com/${repository}#readme` } = givenSchema.parse(manifest);
  return {
    name,
    version,
    description,
    keywords,
    license,
    // npm compares it with the repository that publishes with provenance. JSON leaves out what is undefined.
    repository: repository && { type: 'git', url: `git+https://github.com/${repository}.git` },
    homepage,
    engines,
    type: 'commonjs',
    // For TypeScript's older resolution, which knows no exports and many CDK apps still have.
    main: `./${entry}.js`,
    types: `./${entry}.d.ts`,
    exports: {
      '.': { types: `./${entry}.d.ts`, default: `./${entry}.js` },
      './mapping.schema.json': './mapping.schema.json',
      './package.json': './package.json',
    },
    bin: { relay: 'bin/relay.js' },
    dependencies: Object.fromEntries(
      importedPackages().map((imported) => {
        const known = Object.entries(dependencies).find(([dependency]) => dependency === imported);
        if (known === undefined) throw new Error(`${imported} is imported and no dependency`);
        return [imported, `^${known[1]}`];
      }),
    ),
    peerDependencies: peers,
  };
}

/** The packages that the compiled files import, but for the peers and what Node has itself. */
function importedPackages(): string[] {
  const names = filesOf(packageDirectory)
    .filter((path) => path.endsWith('.js') && !path.startsWith('function/'))
    .flatMap((path) => [
      ...readFileSync(join(packageDirectory, path), 'utf8').matchAll(
        /\b(?:require|import)\("((?:@[^/"]+\/)?[^./"][^/"]*)/g,
      ),
    ])
    .flatMap(([, imported]) => imported ?? []);
  return [...new Set(names)]
    .filter((imported) => !imported.startsWith('node:') && !Object.hasOwn(peers, imported))
    .sort();
}

/** The paths of all files in a folder, from there. */
export const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .sort();

if (require.main === module) {
  if (process.argv.includes('--release')) checkReleasable(manifest);
  buildPackage();
}
