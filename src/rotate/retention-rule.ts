import type { ArchiveState } from '../archive/archive-state.js';

/** A reason to keep complete backups. */
export interface RetentionRule {
  describe(): string;
  choose(candidates: Candidates): RuleChoice;
}

/** The archives among which a rule chooses. */
export interface Candidates {
  /** Fulls and copies of the same parts, oldest first. */
  readonly like: readonly ArchiveState[];
  /** All archives of the directory. */
  readonly states: readonly ArchiveState[];
  readonly now: Date;
}

export interface RuleChoice {
  /** The archives that the rule keeps, each with the reason. */
  readonly kept: ReadonlyMap<ArchiveState, string>;
  /** Says whether an archive that does not count stays: the rule has not found enough in its place. */
  readonly spares: (state: ArchiveState) => boolean;
}

/** What becomes of an archive. */
export interface Verdict {
  readonly state: ArchiveState;
  readonly action: 'keep' | 'remove';
  /** Those that keep it, or the one for which it goes. */
  readonly reasons: readonly string[];
  /** A pin alone keeps it: it goes beyond what the rules count. */
  readonly isPinnedOnly?: boolean;
}
