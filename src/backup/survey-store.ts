import type { Catalogue } from '../archive/backup-directory.js';
import type { ArchiveType, DifferentialLetter } from '../archive/names.js';
import type { OpenBase } from './base-index.js';
import { compareWithNothing } from './comparison.js';
import { StoreExaminer } from './examine-store.js';
import { chooseLetter } from './choose-name.js';
import { findBase } from './find-base.js';
import { type ListedStore, listStore } from './list-store.js';
import { type Measured, Measuring } from './measure-store.js';
import { type BackupPlan, fitsVolume, planArchive } from './plan-archive.js';
import type { BackupRequest } from './request.js';
import { limitedParts } from './sources.js';

/** A plan, and what it was measured against. */
export interface PlannedBackup {
  readonly plan: BackupPlan;
  /** Undefined for a full or a copy. */
  readonly base: OpenBase | undefined;
}

/**
 * Looks at the store and plans what the request asks for.
 * @param catalogue what is there already
 * @throws {NotFoundError} when nothing that was asked for exists
 */
export async function surveyStore(
  request: BackupRequest,
  catalogue: Catalogue,
): Promise<PlannedBackup> {
  return request.type === 'differential'
    ? surveyDifferential(request, catalogue)
    : planWhole(request.type, await listStore(request), []);
}

/**
 * Measures the store against the newest full, by that archive's central directories alone. Without a usable full it plans
 * a full, with a warning. The workers examine the store while it is listed and the full is read.
 */
async function surveyDifferential(
  request: BackupRequest,
  catalogue: Catalogue,
): Promise<PlannedBackup> {
  const { settings, mask, volumeLimitBytes } = request;
  const parts = limitedParts(settings.include, mask);
  const measuring = new Measuring(findBase(catalogue, parts));

  const examiner = new StoreExaminer(request, (component, files) =>
    measuring.add(component, files),
  );

  try {
    const listed = await listStore(request, (component, directory, names) =>
      examiner.add(component, directory, names),
    );

    await examiner.finish();
    const measured = await measuring.finish(listed);
    if ('reason' in measured) return planFullInstead(listed, measured.reason);

    const letter = chooseLetter(catalogue.archives);

    return planDifferential(volumeLimitBytes, listed, {
      ...measured,
      letter,
    });
  } finally {
    await examiner.close();
  }
}

function planDifferential(
  volumeLimitBytes: number,
  listed: ListedStore,
  { base, comparison, letter }: Measured & { letter: DifferentialLetter },
): PlannedBackup {
  const { deleted } = comparison;

  if (!fitsVolume(deleted, volumeLimitBytes)) {
    base.index.close();

    return planFullInstead(
      listed,
      `the names of ${deleted.length} deleted files do not fit into a volume`,
    );
  }

  const plan = planArchive(listed, comparison, {
    type: 'differential',
    letter,
    base: {
      stem: base.files.stem,
      digest: base.digest,
    },
    warnings: [],
  });

  return {
    plan,
    base,
  };
}

function planFullInstead(listed: ListedStore, reason: string): PlannedBackup {
  return planWhole('full', listed, [
    `${reason}: a full archive is written instead of a differential`,
  ]);
}

/** A full or a copy: everything. */
function planWhole(
  type: ArchiveType,
  listed: ListedStore,
  warnings: readonly string[],
): PlannedBackup {
  const comparison = compareWithNothing(
    listed.groups.map(({ singles, directories }) => [
      ...singles,
      ...directories,
    ]),
  );

  const plan = planArchive(listed, comparison, {
    type,
    letter: 'I',
    base: undefined,
    warnings,
  });

  return {
    plan,
    base: undefined,
  };
}
