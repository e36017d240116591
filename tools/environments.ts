import { environmentNames, isDeployed } from '../lib/config/environments';

// node --import tsx tools/environments.ts [NAME]: prints all deployed environments, or only NAME, as a JSON list.

const deployed = environmentNames().filter(isDeployed);
// A workflow passes an empty string for an input that was left empty.
const asked = process.argv.slice(2).filter((name) => name !== '');
const unknown = asked.find((name) => !deployed.includes(name));
if (unknown === undefined) console.log(JSON.stringify(asked.length === 0 ? deployed : asked));
else {
  console.error(`unknown environment "${unknown}"; known: ${deployed.join(', ')}`);
  process.exitCode = 1;
}
