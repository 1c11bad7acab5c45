/** Rules of what stays, and histories of archives to try them on. */
import type { ArchiveFacts } from '../../src/archive/archive-facts.js';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import { parseVolumeName } from '../../src/archive/names.js';
import type { RetentionSettings } from '../../src/settings/retention-section.js';

/** Rules of which all others are not set. */
export function rulesOf(rules: Partial<RetentionSettings>): RetentionSettings {
  return {
    last: undefined,
    daily: undefined,
    weekly: undefined,
    monthly: undefined,
    yearly: undefined,
    ...rules,
  };
}

/** A sound and proven archive of a name, as `inspectStorage` gives it. */
export function stateNamed(
  stem: string,
  changes: Partial<ArchiveState> = {},
): ArchiveState {
  const name = parseVolumeName(`${stem}.zip`);
  if (!name) throw new Error(`${stem} is no archive's name`);

  const { type, takenAt } = name;
  const facts = {
    files: { stem, type, takenAt, sizeBytes: 1, volumes: [] },
    version: { parts: undefined },
  };

  return {
    facts: facts as unknown as ArchiveFacts,
    base: undefined,
    isRecoverable: true,
    isPartlyRecoverable: false,
    fault: undefined,
    chainFault: undefined,
    baseFault: undefined,
    damage: [],
    unreadable: undefined,
    verifiedAt: takenAt,
    lacks: [],
    ...changes,
  };
}
