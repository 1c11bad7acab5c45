import type { Catalogue } from '../archive/backup-directory.js';
import { ArchiveWriter } from '../archive/write/archive-writer.js';
import { Packer } from '../archive/write/packer.js';
import type { PhaseSpan } from '../platform/progress.js';
import type { OpenBase } from './open-base.js';
import type { BackupPlan } from './plan-archive.js';
import { watchSpace } from './check-free-space.js';
import { chooseStem } from './choose-name.js';
import type { PlannedReuse } from './plan-reuse.js';
import type { BackupRequest } from './request.js';
import type { PlannedBackup } from './survey-store.js';

/** A run whose archive is being written. */
export interface OpenRun {
  readonly request: BackupRequest;
  readonly plan: BackupPlan;
  /** The full that a differential is measured against. */
  readonly base: OpenBase | undefined;
  /** What is copied out of older archives. */
  readonly reuse: PlannedReuse | undefined;
  readonly writer: ArchiveWriter;
  readonly packer: Packer;
  readonly startedAt: Date;
  /** The time in the archive's name: later than that of every archive beside it. */
  readonly takenAt: Date;
}

/** As measured with stores of a hundred thousand messages and more: listing comes before, and the proof takes an eighth. */
const WRITING: PhaseSpan = { from: 0.05, to: 0.88 };
export const READING_BACK: PhaseSpan = { from: 0.88, to: 1 };

/** Up to so many files may be packed sooner than threads are started. */
const FEW_FILES = 1000;

/** Opens the first volume, under a temporary name. */
export function openRun(
  request: BackupRequest,
  { storage, archives }: Catalogue,
  { plan, base, reuse }: PlannedBackup,
  startedAt: Date,
): OpenRun {
  const { stem, takenAt } = chooseStem(
    archives,
    plan.type,
    startedAt,
    plan.letter,
  );

  const writer = new ArchiveWriter(
    storage,
    stem,
    request.volumeLimitBytes,
    watchSpace(request),
  );

  const packer = new Packer(writer, {
    ...request,
    isLittle: plan.fileCount < FEW_FILES,
    onProgress: ({ files, sourceBytes }) =>
      request.onProgress?.({
        phase: 'writing',
        doneItems: files,
        totalItems: plan.fileCount,
        doneBytes: sourceBytes,
        span: request.readsBack ? WRITING : { ...WRITING, to: 1 },
      }),
  });

  return { request, plan, base, reuse, writer, packer, startedAt, takenAt };
}

/** Entry names of listed files that are not in the archive because they could not be read or held. */
export function unreadNames({ packer }: OpenRun): string[] {
  return packer.issues
    .filter(({ kind }) => kind !== 'unsettled')
    .map(({ name }) => name);
}
