import { rmSync } from 'node:fs';
import { assemblyDirectory } from './assembly';

export default function tearDown(): void {
  rmSync(assemblyDirectory(), { recursive: true, force: true });
}
