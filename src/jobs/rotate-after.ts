/** The rotation that follows a backup. A failed one is a warning: the archive stands. */
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type { BackupRequest, FinishedBackup } from '../backup/request.js';
import { InterruptedError, messageOf } from '../errors.js';
import type { RetentionPolicy } from '../rotate/policy.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import { runRotate } from '../rotate/run-rotate.js';

/** The facts that a rotation depends on. */
export interface RotateAfter {
  readonly request: BackupRequest;
  readonly rotates: boolean;
  readonly policy: RetentionPolicy;
}

export interface RotationEnd {
  /** Undefined where nothing was rotated. */
  readonly rotation: RotateReport | undefined;
  readonly faults: readonly string[];
  /** Those that are there now, oldest first; undefined where only a new listing tells. */
  readonly archives: readonly ArchiveFiles[] | undefined;
}

/** Rotates unless the run is told not to, far less mail was found than before, or the archive is not proven. */
export async function rotateAfter(
  { request, rotates, policy }: RotateAfter,
  { report, catalogue }: FinishedBackup,
): Promise<RotationEnd> {
  if (!rotates || report.isMassLoss || report.verifiedEntries === 0) {
    const { archives } = catalogue;

    return { rotation: undefined, faults: [], archives };
  }

  try {
    const { report: rotation, left } = await runRotate({
      storage: request.storage,
      policy,
      isDryRun: false,
      expects: report.archive,
      lockWaitMs: request.lockWaitMs,
      clock: request.clock,
      signal: request.signal,
    });

    return {
      rotation,
      faults: failuresOf(rotation),
      archives: rotation.failures === 0 ? left : undefined,
    };
  } catch (error) {
    const verb = error instanceof InterruptedError ? 'was' : 'removed nothing:';
    return {
      rotation: undefined,
      faults: [`rotation ${verb} ${messageOf(error)}`],
      archives: undefined,
    };
  }
}

/** The archives that a rotation could not remove, each with the reason. */
export function failuresOf({ verdicts }: RotateReport): string[] {
  return verdicts.flatMap(({ archive, failure }) =>
    failure === undefined
      ? []
      : [`rotation could not remove ${archive}: ${failure}`],
  );
}

/** The archives that a rotation removed; none where there was no rotation. */
export function removedArchives(rotation: RotateReport | undefined): string[] {
  return (rotation?.verdicts ?? [])
    .filter(
      ({ action, failure }) => action === 'remove' && failure === undefined,
    )
    .map(({ archive }) => archive);
}
