'use strict';
// Prints the last lines of `npm run test:faults`. Plain JavaScript, because jest loads reporters without a compiler.

const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const faults = require('../faults/faults.json');

const idsIn = (text) => text.match(/\bF\d{2}\b/g) ?? [];

/** Adds up the counts of the fault tests (fault-counts.ts) and the faults of the model that the tests name. */
module.exports = class FaultSummary {
  constructor() {
    // Tests inherit the environment and report their counts in files.
    this.directory = mkdtempSync(join(tmpdir(), 'fault-counts-'));
    process.env.FAULT_COUNTS_DIRECTORY = this.directory;
  }

  onRunComplete(_contexts, { testResults }) {
    const tests = testResults.flatMap((file) => file.testResults);
    const named = (status) =>
      new Set(tests.filter((one) => one.status === status).flatMap((one) => idsIn(one.fullName)));
    const [passed, failed] = [named('passed'), named('failed')];

    const model = Object.keys(faults);
    const covered = model.filter((id) => passed.has(id) && !failed.has(id));
    const open = model.filter((id) => !covered.includes(id));

    const counts = {};
    for (const file of readdirSync(this.directory)) {
      const added = JSON.parse(readFileSync(join(this.directory, file), 'utf8'));
      for (const [name, count] of Object.entries(added)) counts[name] = (counts[name] ?? 0) + count;
    }
    rmSync(this.directory, { recursive: true, force: true });

    const rows = [
      ['Faults of the model', model.length],
      ['  proven by a passed test with the id in its name', covered.length],
      ...(open.length === 0 ? [] : [[`  not proven in this run: ${open.join(', ')}`, open.length]]),
      [
        'Tests of faults passed',
        tests.filter((one) => one.status === 'passed' && idsIn(one.fullName).length > 0).length,
      ],
      ['Tests of faults failed', tests.filter((one) => one.status === 'failed').length],
      ['Seeds run', counts.seeds ?? 0],
      ['Events simulated', counts.events ?? 0],
      ['Duplicates injected (messages delivered or sent again)', counts.duplicatesInjected ?? 0],
      ['Events that reached Heap again and were dropped by their key', counts.duplicatesDropped ?? 0],
      ['Duplicates in Heap', counts.duplicatesInHeap ?? 0],
      ['Events lost within the promises', counts.lost ?? 0],
    ];
    const width = Math.max(...rows.map(([label]) => label.length));
    const lines = rows.map(
      ([label, count]) => `${label.padEnd(width)}  ${count.toLocaleString('en').padStart(12)}`,
    );
    // Printed after jest's own summary.
    process.once('exit', () => process.stdout.write(`\n${lines.join('\n')}\n`));
  }
};
