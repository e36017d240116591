import { createUncheckedApp } from '../lib/clevertap-to-heap-app';
import { localEnvironment } from '../lib/config/environments';

// Synthesizes the local environment into the given folder, for `npm start`. The template is never deployed,
// so it is not validated here; `npm run synth` and the tests validate every template.

const [outdir] = process.argv.slice(2);
createUncheckedApp({ names: [localEnvironment], outdir }).synth();
