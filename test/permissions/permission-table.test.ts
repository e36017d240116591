import { deployed, failing, table } from './table';

it('F73 allows what is needed, and denies everything else', () => {
  expect(table.filter(({ expected }) => expected === 'allowed').length).toBeGreaterThan(100);
  expect(table.filter(({ expected }) => expected === 'denied').length).toBeGreaterThan(800);
  expect(failing(deployed)).toEqual([]);
});
