/** Archives that the mail server itself may be writing at this moment: it takes no lock of this program. */
import type { ArchiveState } from './archive-state.js';
import type { ArchiveFiles } from './backup-directory.js';
import { SEEMS_WRITTEN } from './completeness.js';
import type { Storage } from './storage.js';
import { lookAtVerifiedRecord } from './verified-record.js';

/** What nobody wrote to for so long was cut off. */
const YOUNG_MS = 15 * 60_000;

/** When a run listed its archives, and who may be writing some of them. */
export interface Writing {
  readonly startedAt: Date;
  /** Without it nobody is. */
  readonly isServerAtWork?: (() => Promise<boolean>) | undefined;
}

/** The states of archives that were just listed, where one that is not written to its end is not called damaged. */
export async function withUnfinished(
  states: readonly ArchiveState[],
  storage: Storage,
  writing: Writing,
): Promise<ArchiveState[]> {
  const told: ArchiveState[] = [];

  for (const state of states) {
    const { files, fault, unreadable } = state.facts;
    const looksDamaged = fault !== undefined && !unreadable;
    const isWritten =
      looksDamaged && (await mayBeUnfinished(files, storage, writing));

    told.push(isWritten ? toUnfinished(state) : state);
  }

  return told;
}

function toUnfinished(state: ArchiveState): ArchiveState {
  return { ...state, isBeingWritten: true, fault: SEEMS_WRITTEN, damage: [] };
}

/**
 * Says whether an archive that looks damaged may be one that is not written to its end. Those of this program have their names
 * when they are whole, and are recorded; where the record cannot be read, nobody knows.
 */
export async function mayBeUnfinished(
  files: ArchiveFiles,
  storage: Storage,
  { startedAt, isServerAtWork }: Writing,
): Promise<boolean> {
  if (!isYoungHere(files, startedAt)) return false;

  const { record, fault } = await lookAtVerifiedRecord(storage);
  if (fault !== undefined || record.get(files.stem)) return false;

  return (await isServerAtWork?.()) === true;
}

/** A clock that is wrong makes none of last night's young. */
function isYoungHere({ volumes }: ArchiveFiles, now: Date): boolean {
  const isLocal = volumes.every(
    ({ storage }) => storage.localDirectory !== undefined,
  );
  const writtenMs = Math.max(...volumes.map(({ mtimeMs }) => mtimeMs));

  return isLocal && Math.abs(now.getTime() - writtenMs) < YOUNG_MS;
}
