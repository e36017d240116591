import { rejectionReasons } from '../../lambda/contract';
import { fullRemedyFor, remedies, remedyFor } from '../../relay/remedies';

test('each reason has a remedy of one or two lines, with its section of docs/reasons.md', () => {
  for (const [reason, { short }] of Object.entries(remedies)) {
    expect(short).toMatch(/^[A-Z].{20,100}\.$/);
    expect(remedyFor(reason)).toBe(`${short} docs/reasons.md#${reason}`);
  }
  expect(Object.keys(remedies)).toEqual([...rejectionReasons, 'receives_exhausted']);
});

test('a reason of a later version still gets its section', () => {
  expect(remedyFor('too_new')).toBe('This version of the command does not know it. docs/reasons.md#too_new');
});

test('the full remedy begins with the short one', () => {
  for (const reason of rejectionReasons)
    expect(fullRemedyFor(reason, null).startsWith(remedies[reason].short)).toBe(true);
});
