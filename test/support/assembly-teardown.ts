import { rmSync } from 'node:fs';
import { assembliesDirectory } from './assembly';

export default function tearDown(): void {
  rmSync(assembliesDirectory(), { recursive: true, force: true });
}
