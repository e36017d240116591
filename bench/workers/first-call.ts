import { readFileSync } from 'node:fs';
import { defaultRules, floorOf, transform } from '../pipeline';
import { sqsRecords } from '../sqs-record';
import { printResult } from './print-result';

// The first call in a fresh process. Prints its CPU time.

const [, , task = '', webhookFile = '', bodyFile = ''] = process.argv;

const records = sqsRecords([readFileSync(webhookFile, 'utf8')]);
const floor = floorOf(records, [[readFileSync(bodyFile)]]);

const before = process.cpuUsage();
const bodies = task === 'floor' ? floor() : transform(records, defaultRules);
const { user, system } = process.cpuUsage(before);
if (bodies.length !== 1) throw new Error('one bulk request expected');
printResult({ cpuMicroseconds: user + system });
