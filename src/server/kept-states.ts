import { dirname, sep } from 'node:path';
import { KmsError } from '../errors.js';
import { findJournals, STAGING_NAME } from './recover-journal.js';
import {
  isOfMessages,
  type Journal,
  type SwapUnit,
} from './recover-journal-text.js';
import { exists } from './recover-state.js';

/** What recovers and rollbacks keep. It takes space until somebody undoes or forgets it. */

export interface KeptState {
  /** The state before a recover, or the messages that came in after it and that its rollback took away. */
  readonly holds: 'state' | 'messages';
  readonly archive: string;
  /** When the recover that replaced it was begun: RFC 3339, UTC. */
  readonly startedAt: string;
  /** The directories that it lies in. */
  readonly directories: readonly string[];
  /** Undefined where the recover of an earlier version did not say it. */
  readonly sizeBytes: number | undefined;
  /** Nothing was replaced: messages were added, and can be taken back. */
  readonly isAddition: boolean;
}

/** @returns the states that take space in these directories, the oldest first; none where a journal cannot be read */
export function findKeptStates(directories: readonly string[]): KeptState[] {
  return findUndoable(directories).filter(({ isAddition }) => !isAddition);
}

/** @returns the same, and what additive recovers have noted */
export function findUndoable(directories: readonly string[]): KeptState[] {
  try {
    return findJournals(directories)
      .filter(({ journal }) => journal.phase === 'kept')
      .map(({ journal }) => toKept(journal))
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return []; // whoever looks for a recover that was interrupted names it
  }
}

function toKept(journal: Journal): KeptState {
  const { archive, startedAt, units, leftovers, oldBytes, added } = journal;
  const holdsMessages = isOfMessages(journal);

  return {
    holds: holdsMessages ? 'messages' : 'state',
    archive,
    startedAt,
    directories: holdsMessages
      ? leftovers.filter(exists)
      : keptDirectories(units.filter(({ old }) => exists(old))),
    sizeBytes: added === undefined ? oldBytes : undefined,
    isAddition: added !== undefined,
  };
}

/** The directories in which units keep what was there before, each once. */
export function keptDirectories(units: readonly SwapUnit[]): string[] {
  const kept = units.filter(({ hadLive }) => hadLive);

  return [...new Set(kept.map(({ old }) => directoryOf(old)))];
}

/** The part of a staging directory that holds one state, `…/.kms-backup-recover/old.1`; for NAME.BAK its own directory. */
function directoryOf(old: string): string {
  const staging = `${sep}${STAGING_NAME}${sep}`;
  const at = old.indexOf(staging);
  if (at < 0) return dirname(old);

  const end = old.indexOf(sep, at + staging.length);

  return end < 0 ? old : old.slice(0, end);
}
