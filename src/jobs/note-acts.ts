/** What the history keeps of runs that make no archive. */
import type { ArchivePlace } from '../archive/storages.js';
import type { RunNotes } from '../history/history-run.js';
import { noteRun } from '../history/run-notes.js';
import type { RecoverReport } from '../recover/request.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import type { MirrorEnd } from './mirror-archives.js';

/** Before anything is done, so that a recover that fails is known by what it was to recover. */
export function noteSource(
  { storage }: ArchivePlace,
  archives: readonly string[],
  act?: RunNotes['act'],
): void {
  const from = archives.at(-1);

  noteRun({
    place: storage.name,
    ...(from !== undefined && { from }),
    ...(act !== undefined && { act }),
  });
}

/** An additive recover counts what it added alone. */
export function noteRecover(
  { messages, additive, bytes }: RecoverReport,
  warnings: readonly string[],
): void {
  noteRun({
    messages: additive?.add ?? messages,
    bytes,
    warnings: warnings.length,
  });
}

/** A rollback, or that what recovers kept was removed. */
export function noteAct(
  act: 'rollback' | 'forget',
  warnings: readonly string[],
): void {
  noteRun({ act, warnings: warnings.length });
}

export function noteRotation({
  verdicts,
  removedBytes,
  failures,
}: RotateReport): void {
  const gone = verdicts.filter(
    ({ action, failure }) => action === 'remove' && failure === undefined,
  );

  noteRun({ removed: gone.length, bytes: removedBytes, warnings: failures });
}

/** What was removed in the second place counts too. */
export function noteReplication({ report, rotation }: MirrorEnd): void {
  const copied = report.archives.filter(({ action }) => action === 'copied');

  if (rotation) noteRotation(rotation);
  noteRun({
    copied: copied.length,
    bytes: copied.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    warnings: report.warnings.length + (rotation?.failures ?? 0),
  });
}
