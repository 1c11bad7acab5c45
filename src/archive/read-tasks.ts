import type { EntryColumns } from './entry-table.js';

/** Where the entries under a prefix are written: `@backup/store/` under the staging directory of the store. */
export interface TargetRule {
  readonly prefix: string;
  /** Absolute. */
  readonly root: string;
}

/** Check these entries of one volume; with rules also write them. */
export interface ReadTask {
  readonly volumePath: string;
  readonly columns: EntryColumns;
  /** The range of the volume that holds all of them. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** One entry that is too large to be held: it streams. */
  readonly isLarge: boolean;
  readonly rules: readonly TargetRule[] | undefined;
}

export interface ReadProblem {
  readonly name: string;
  readonly reason: string;
}

export interface ReadResult {
  readonly entries: number;
  readonly bytes: number;
  /** Entries that are damaged. */
  readonly problems: readonly ReadProblem[];
}

/** Which path an entry is written to, or undefined where no rule covers it. */
export function targetOf(rules: readonly TargetRule[], name: string): string | undefined {
  const rule = rules.find(({ prefix }) => name.startsWith(prefix));
  return rule && `${rule.root}/${name.slice(rule.prefix.length)}`;
}
