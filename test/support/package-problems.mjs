import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';

// node package-problems.mjs FOLDER TARBALL: what publint and "are the types wrong" find in a package, as JSON. In a process
// of its own, since both are ES modules.

const [folder, tarball] = process.argv.slice(2);
const { messages } = await publint({ pkgDir: folder, strict: true });
const { types, problems = [] } = await checkPackage(
  createPackageFromTarballData(new Uint8Array(readFileSync(tarball))),
);
console.log(JSON.stringify({ messages, types, problems }));
