import { createUncheckedApp } from '../lib/clevertap-to-heap-app';
import { localEnvironment } from '../lib/config/environments';

// Synthesizes the local environment to the folder that is given, for `npm start`. The template is interpreted there and
// deployed nowhere, so it is not checked; `npm run synth` and the tests have all of them checked.

const [outdir] = process.argv.slice(2);
createUncheckedApp({ names: [localEnvironment], outdir }).synth();
