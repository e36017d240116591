import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { bundledPackages } from '../lib/forward/forwarder-bundle';

const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string() });

/**
 * The licenses of the packages whose code is in the function's bundle: each text once, below the packages it covers.
 *
 * @param root the folder of the checkout
 * @throws for a package without a license text
 */
export function thirdPartyLicenses(root: string): string {
  const packagesByText = new Map<string, string[]>();
  for (const folder of bundledPackages(root)) {
    const { name, version, license } = manifestSchema.parse(
      JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    );
    const text = licenseTexts(root, folder, license).join('\n\n');
    if (text === '') throw new Error(`${name} is in the function's bundle and has no license file`);
    packagesByText.set(text, [...(packagesByText.get(text) ?? []), `- ${name} ${version} (${license})`]);
  }
  return [
    'The files in the folder "function" contain code of these packages.',
    ...[...packagesByText].map(([text, packages]) => `${packages.join('\n')}\n\n${text}`),
    '',
  ].join(`\n\n${'-'.repeat(80)}\n\n`);
}

/** License and notice of a package. Some of the AWS SDK's packages have no file; their license is that of this project. */
function licenseTexts(root: string, folder: string, license: string): string[] {
  const files = readdirSync(join(root, folder))
    .filter((file) => /^(?:licen[cs]e|notice|copying)\b/i.test(file))
    .sort();
  const paths = files.map((file) => join(root, folder, file));
  if (paths.length === 0 && license === 'Apache-2.0') paths.push(join(root, 'LICENSE'));
  return paths.map((path) => readFileSync(path, 'utf8').trim());
}
