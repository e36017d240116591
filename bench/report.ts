/** One line of the result. */
export interface Figure {
  readonly part: string;
  readonly what: string;
  /** The figure with its unit. It holds on the machine it was measured on, and only there. */
  readonly value: string;
  /** What it is compared to, measured in the same run. */
  readonly reference?: string;
  readonly ratio?: number;
  readonly goal?: Goal;
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** A Markdown table of figures; goals are marked as met or not. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ part, what, value, reference, ratio, goal }) => [
    part,
    what,
    value,
    ratio === undefined ? '' : `${ratio.toPrecision(3)} × ${reference ?? ''}`,
    goal === undefined || ratio === undefined ? '' : `${describe(goal)} ${isMet(goal, ratio) ? '✓' : '✗'}`,
  ]);
  const lines = [['part', 'what', 'figure', 'ratio', 'goal'], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const [head = '', ...body] = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

/** Whether a ratio is as good as it shall be. */
export const isMet = (goal: Goal, ratio: number): boolean =>
  'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;

const describe = (goal: Goal): string => ('atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`);
