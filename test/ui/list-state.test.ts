import { describe, expect, it } from 'vitest';
import {
  FIRST_STATE,
  firstSeen,
  foldChoices,
  moveCursor,
  shownOf,
  toggleMarks,
} from '../../src/ui/list-state.js';

const choices = foldChoices([
  { name: 'Jürgen Weber  Quarterly figures', value: 'a' },
  { name: 'Anna  Figures of Ärzte', value: 'b', isMissing: true },
  { name: 'Back', value: 'c' },
]);
const shown = (filter: string, isOnlyMissing = false): string[] =>
  shownOf(choices, { ...FIRST_STATE, filter, isOnlyMissing }).map(
    ({ value }) => value,
  );

describe('a list', () => {
  it('shows what holds every word of its filter, case and accents aside', () => {
    expect(shown('')).toEqual(['a', 'b', 'c']);
    expect(shown('FIGURES jurgen')).toEqual(['a']);
    expect(shown('arzte')).toEqual(['b']);
    expect(shown(' ', true)).toEqual(['b']);
    expect(shown('nobody')).toEqual([]);
  });

  it('moves its cursor by lines and pages, never beyond an end', () => {
    const list = { count: 40, page: 15 };
    expect(moveCursor('down', 0, list)).toBe(1);
    expect(moveCursor('up', 0, list)).toBe(0);
    expect(moveCursor('pagedown', 30, list)).toBe(39);
    expect(moveCursor('home', 30, list)).toBe(0);
    expect(moveCursor('end', 30, list)).toBe(39);
    expect(moveCursor('down', 0, { count: 0, page: 15 })).toBe(0);
    expect(moveCursor('x', 3, list)).toBeUndefined();
  });

  it('keeps its cursor among the lines that are seen', () => {
    for (let active = 0; active < 40; active++) {
      const first = firstSeen(active, 40, 15);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first + 15).toBeLessThanOrEqual(40);
      expect(active - first).toBeGreaterThanOrEqual(0);
      expect(active - first).toBeLessThan(15);
    }

    expect(firstSeen(2, 5, 15)).toBe(0);
  });

  it('marks all that is shown, and takes the marks away where all have one', () => {
    const marked = toggleMarks(new Set(['a']), ['a', 'b']);
    expect([...marked]).toEqual(['a', 'b']);
    expect([...toggleMarks(marked, ['b'])]).toEqual(['a']);
  });
});
