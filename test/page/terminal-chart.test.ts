import { describe, expect, test } from 'vitest';
import { terminalChart } from '../../src/page/terminal-chart.js';

const archive = (name: string, sizeBytes: number) => ({
  name,
  type: 'full' as const,
  takenAt: new Date(0),
  sizeBytes,
});

describe('the chart of a terminal', () => {
  test('draws a bar for each archive against the largest, within the columns', () => {
    const lines = terminalChart(
      [archive('F1', 1024), archive('I2', 512), archive('I3', 64)],
      {
        columns: 40,
        isUnicode: true,
      },
    );
    expect(lines).toEqual([
      'F1  1.0 KiB  ' + '█'.repeat(27),
      'I2    512 B  ' + '█'.repeat(13) + '▌',
      'I3     64 B  █▊',
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });

  test('draws ASCII where the terminal has no more, and something for the smallest archive', () => {
    expect(
      terminalChart([archive('F', 1e9), archive('I', 1)], {
        columns: 30,
        isUnicode: false,
      }),
    ).toEqual(['F  953.7 MiB  ' + '#'.repeat(16), 'I        1 B  #']);
  });

  test('nothing, empty archives and a terminal without width are drawn too', () => {
    expect(terminalChart([], { columns: 80, isUnicode: true })).toEqual([]);
    expect(
      terminalChart([archive('F', 0)], { columns: 80, isUnicode: true }),
    ).toEqual(['F  0 B']);
    expect(
      terminalChart([archive('F', 1)], { columns: 0, isUnicode: false }),
    ).toEqual(['F  1 B  ##########']);
  });

  test('shows the last ten', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      archive(`F${String(index)}`, 10),
    );
    const lines = terminalChart(many, { columns: 80, isUnicode: true });
    expect([lines.length, lines[0]?.slice(0, 3)]).toEqual([10, 'F20']);
  });
});
