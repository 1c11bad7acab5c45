/** The copy to the second place that follows a backup. Whatever fails is a warning: the archive stands. */
import { readMirrorRecord } from '../archive/mirror-record.js';
import type { Storage } from '../archive/storage.js';
import type { BackupReport } from '../backup/request.js';
import { InterruptedError, messageOf } from '../errors.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import type { IniSettings } from '../settings/ini-settings.js';
import {
  mirrorArchives,
  type MirrorEnd,
  type MirrorRequest,
} from './mirror-archives.js';
import { findMirror } from './mirror-place.js';
import {
  failuresOf,
  removedArchives,
  type RotateAfter,
} from './rotate-after.js';

/** The facts that the copy depends on. */
interface MirrorAfter extends RotateAfter {
  readonly ini: IniSettings;
  /** Called before anything in the second place is looked at. */
  readonly reachMirror?: MirrorRequest['reach'];
}

/** What the backup and its rotation came to. */
interface BackupBefore {
  readonly report: BackupReport;
  readonly rotation: RotateReport | undefined;
}

interface MirrorAfterEnd {
  /** Undefined where there is no second place, or nothing came of it. */
  readonly mirror: MirrorEnd | undefined;
  readonly warnings: readonly string[];
}

/** Copies where kms-backup.ini names a second place. Where far less mail was found than before, nothing is removed there. */
export async function mirrorAfter(
  night: MirrorAfter,
  { report, rotation }: BackupBefore,
): Promise<MirrorAfterEnd> {
  if (night.ini.mirror.to === undefined) {
    return { mirror: undefined, warnings: [] };
  }

  const warnings: string[] = [];

  try {
    warnings.push(...(await findNeverCopied(night.request.storage, rotation)));
    const mirror = await copyFrom(night, report);

    return { mirror, warnings: [...warnings, ...describeLack(mirror)] };
  } catch (error) {
    const verb = error instanceof InterruptedError ? 'was' : 'failed:';
    const text = `the copy to the second place ${verb} ${messageOf(error)}; ${report.archive} may not be there`;

    return { mirror: undefined, warnings: [...warnings, text] };
  }
}

async function copyFrom(
  { ini, request, rotates, reachMirror: reach }: MirrorAfter,
  { isMassLoss }: BackupReport,
): Promise<MirrorEnd | undefined> {
  const { storage: source, installation, settings } = request;
  const { lockWaitMs, clock, onProgress, signal } = request;
  const mirror = findMirror(ini, installation.dir);

  return (
    mirror &&
    (await mirrorArchives({
      source,
      mirror,
      reach,
      server: { installation, settings },
      isNewTarget: false,
      keepsDifferentials: settings.keepsDifferentials,
      rotates: rotates && !isMassLoss,
      isDryRun: false,
      lockWaitMs,
      clock,
      onProgress,
      signal,
    }))
  );
}

/** The archives that the rotation at home has removed, and that were in no second place as far as is known. */
async function findNeverCopied(
  source: Storage,
  rotation: RotateReport | undefined,
): Promise<string[]> {
  const removed = removedArchives(rotation);
  if (removed.length === 0) return [];

  const { archives = [] } = (await readMirrorRecord(source)) ?? {};

  return removed
    .filter((archive) => !archives.includes(archive))
    .map((archive) => `${archive} was removed and was not in the second place`);
}

/** What the second place does not have, or does not do. */
function describeLack(mirror: MirrorEnd | undefined): string[] {
  if (!mirror) return [];

  const { report, rotation } = mirror;
  const left = report.archives.filter(({ action }) => action === 'left');

  return [
    ...report.warnings,
    ...left.map(
      ({ archive, reason = '' }) =>
        `${archive} is not in ${report.to}: ${reason}`,
    ),
    ...(rotation ? failuresOf(rotation) : []),
  ];
}
