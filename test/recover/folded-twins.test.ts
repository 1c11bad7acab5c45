import { describe, expect, it } from 'vitest';
import type { Selection } from '../../src/archive/read/read-archive.js';
import { findFoldedTwins } from '../../src/recover/folded-twins.js';

/** Names that are one on the disks of Windows and macOS. */

function select(...volumes: (readonly string[])[]): Selection[] {
  return volumes.map((names) => ({
    table: { name: (index: number) => names[index] },
    indices: names.map((_, index) => index),
  })) as unknown as Selection[];
}

describe('twins', () => {
  it('differ in case, or in how an accent is written, in whatever volumes', () => {
    const selections = select(['a/x', 'b/y'], ['c/z', 'A/x']);
    expect(findFoldedTwins(selections)).toEqual(['a/x', 'A/x']);
    expect(findFoldedTwins(select(['a/\u00e4', 'a/A\u0308']))).toEqual([
      'a/\u00e4',
      'a/A\u0308',
    ]);
  });

  it('are no names that are there twice, as those of directories', () => {
    expect(findFoldedTwins(select(['a/', 'a/x'], ['a/', 'a/y']))).toBe(
      undefined,
    );
  });
});
