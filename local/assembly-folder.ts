import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from './stack-file';

const namePrefix = 'clevertap-to-heap-start-';

/**
 * Creates a temporary folder for the synthesized app and removes it when this process exits. Folders left behind by
 * killed processes are removed first.
 */
export function assemblyFolder(parent = tmpdir()): string {
  removeAbandoned(parent);
  const folder = mkdtempSync(join(parent, `${namePrefix}${process.pid}-`));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(namePrefix) && /^(\d+)-\w{6}$/.exec(name.slice(namePrefix.length))?.[1];
    if (typeof pid !== 'string' || isRunning(Number(pid))) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // It belongs to another user.
    }
  }
}
