import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { previewPayload, type PreviewContext } from '../../relay/preview/preview';
import { printReport } from '../../relay/preview/print-preview';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import type { MappingSettings } from '../../lambda/mapping/rule-format';

// The entry point of a browser bundle: the core with its external dependencies, without Node's modules.

export type BrowserContext = Omit<PreviewContext, 'mapping' | 'sha256'>;

/** The report of a payload as JSON and as readable text. */
export function preview(payload: string, settings: MappingSettings, context: BrowserContext): string[] {
  const report = previewPayload(payload, undefined, {
    ...context,
    mapping: compileMapping(settings, createLiquid().parse),
    sha256: (value) => bytesToHex(sha256(utf8ToBytes(value))),
  });
  return [JSON.stringify(report), printReport(report)];
}
