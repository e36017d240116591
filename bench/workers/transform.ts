import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping, unexpectedTemplate, type Mapping } from '../../lambda/mapping/mapping';
import { noMapping } from '../../lambda/mapping/rule-format';
import { inTurns } from '../measure';
import { broadcastWebhook, complexRule, simpleRule, singleEventWebhooks } from '../payloads';
import { defaultRules, floorOf, transform } from '../pipeline';
import { sqsRecords } from '../sqs-record';
import { printResult } from './print-result';

// One process for one mapping, as in a deployment. Prints the CPU time of each turn.

const [, , mappingName = '', rounds = '', turnMs = ''] = process.argv;

function mappingOf(name: string): Mapping {
  const rules = name === 'simple' ? [simpleRule] : name === 'complex' ? [complexRule] : [];
  return compileMapping(
    { ...noMapping, rules },
    rules.length === 0 ? unexpectedTemplate : createLiquid().parse,
  );
}

const rules = { ...defaultRules, mapping: mappingOf(mappingName) };
const single = sqsRecords(singleEventWebhooks(1000));
const broadcast = sqsRecords([broadcastWebhook(1000)]);

const samples = inTurns(
  {
    'single floor': floorOf(single, transform(single, rules)),
    'single ours': () => transform(single, rules),
    'broadcast floor': floorOf(broadcast, transform(broadcast, rules)),
    'broadcast ours': () => transform(broadcast, rules),
  },
  { rounds: Number(rounds), turnMs: Number(turnMs) },
);
printResult(samples);
