import { allRight, fault, type Check } from './check';
import type { Synthesis } from './synthesis';

/** Whether the settings and rules are free of mistakes and of anything that a synth warns about. */
export const settings = (name: string, synthesis: Promise<Synthesis>): Check => ({
  name: 'settings',
  look: async () => {
    const { warnings } = await synthesis;
    return warnings.length === 0
      ? allRight('no mistake and no warning')
      : fault(warnings.join('; '), `Correct config/${name}.ts or its rules, then run npm run synth.`);
  },
});
