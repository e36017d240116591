import { CommanderError } from 'commander';
import { previewPayload } from '../../relay/preview/preview';
import { createProgram } from '../../relay/program';
import { describeSamples, sampleNames, sampleOf } from '../../relay/samples';
import { readPayload } from '../../relay/terminal/payload';
import { mappingContext } from '../support/source-event';

/** The outcome of each event of a sample: the identity that Heap gets, or why it gets none. */
function fatesOf(name: string, pathEvent?: string): string[] {
  const context = { ...mappingContext(), appId: undefined };
  return previewPayload(sampleOf(name)?.body ?? '', pathEvent, context).events.map(
    ({ event, reason, outcome }) =>
      event === null ? (reason ?? outcome) : `${event.event}: ${event.identity}`,
  );
}

const fates: Readonly<Record<string, string[]>> = {
  'custom-body': ['Purchase: sample-ana@shop.test'],
  'profile-variables': ['Purchase: sample-cust-77'],
  'single-profile': ['Purchase: sample-cust-77'],
  broadcast: ['Newsletter: sample-cust-1', 'placeholder_identity', 'Newsletter: sample-cust-3'],
  journey: ['missing_event_name'],
  'post-action': ['missing_event_name'],
  'evt-name': ['Charged: sample-cust-79'],
  'event-list': ['Added: sample-cust-80', 'Removed: sample-cust-81'],
  'setup-ping': ['ignored'],
  'send-test': ['Purchase: sample-cust-86'],
  unrendered: ['unrendered_template'],
  placeholder: ['placeholder_identity'],
  'plain-text': ['invalid_json'],
  'broken-json': ['invalid_json'],
};

test.each(sampleNames)('%s becomes what its summary says, and no real user', (name) => {
  expect(fatesOf(name)).toEqual(fates[name]);
});

test.each(['journey', 'post-action'])('%s is delivered with a name in the URL', (name) => {
  expect(fatesOf(name, 'Reminder')).toEqual([expect.stringMatching(/^Reminder: sample-/)]);
});

test('the list is at most 80 columns wide', () => {
  for (const line of describeSamples().split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test.each(['send', 'preview'])('%s refuses an unknown name, and lists all names', async (command) => {
  const program = createProgram();
  let written = '';
  for (const one of program.commands) one.configureOutput({ writeErr: (text) => (written += text) });

  await expect(
    program.parseAsync([command, '--sample', 'constructor'], { from: 'user' }),
  ).rejects.toBeInstanceOf(CommanderError);
  for (const name of sampleNames) expect(written).toContain(`  ${name} `);
});

test('a sample together with a file is refused', async () => {
  const sample = sampleOf('broken-json');
  await expect(readPayload('body.json', sample)).rejects.toThrow(/body\.json would be ignored/);
  expect((await readPayload(undefined, sample)).toString()).toBe(sample?.body);
});
