import { rejectionReasons } from '../../../lambda/contract';
import { remedies, remedyFor } from '../../../relay/ledger/remedies';

test('each reason has a remedy of one or two lines, with the section of docs/reasons.md', () => {
  for (const [reason, remedy] of Object.entries(remedies)) {
    expect(remedy).toMatch(/^[A-Z].{20,100}\.$/);
    expect(remedyFor(reason)).toBe(`${remedy} docs/reasons.md#${reason}`);
  }
  expect(Object.keys(remedies)).toEqual([...rejectionReasons, 'receives_exhausted']);
});

test('a reason of a later version has its section', () => {
  expect(remedyFor('too_new')).toBe(
    'It is not known to this version of the command. docs/reasons.md#too_new',
  );
});
