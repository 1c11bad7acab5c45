import type { Catalogue } from '../archive/backup-directory.js';
import type { ArchiveType, DifferentialLetter } from '../archive/names.js';
import { lookAt } from '../platform/look-again.js';
import { BaseIndex, type OpenBase } from './base-index.js';
import { checksumFile } from '../store/checksum.js';
import {
  compareStore,
  compareWithNothing,
  type Comparison,
  type ReadChecksum,
} from './compare-store.js';
import { type ExaminedFiles, StoreExaminer } from './examine-store.js';
import { chooseLetter } from './choose-name.js';
import { findBase } from './find-base.js';
import { type ListedStore, listStore } from './list-store.js';
import { type BackupPlan, fitsVolume, planArchive } from './plan-archive.js';
import type { BackupRequest } from './request.js';

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
    : planWhole(request.type, listStore(request), []);
}

/**
 * Measures the store against the newest full, by that archive's central directories alone. Without a usable full it plans
 * a full, with a warning. The workers examine the store while it is listed and the full is read.
 */
async function surveyDifferential(
  request: BackupRequest,
  catalogue: Catalogue,
): Promise<PlannedBackup> {
  const examiner = new StoreExaminer(request);
  try {
    const listed = listStore(request, (component, directory) => {
      examiner.add(component, directory);
    });

    const found = await findBase(catalogue, listed.parts);
    if ('reason' in found) return planFullInstead(listed, found.reason);

    const { archive } = found;
    const tables = archive.volumes.map(({ table }) => table);
    const index = new BaseIndex(tables, archive.files.takenAt);
    const groups = await examiner.finish();
    const comparison = compareListed(listed, groups, index);
    const deleted = new Set(comparison.deleted);

    return planDifferential(request.volumeLimitBytes, listed, {
      base: { archive, index, deleted },
      comparison,
      letter: chooseLetter(catalogue.archives),
    });
  } finally {
    await examiner.close();
  }
}

function compareListed(
  listed: ListedStore,
  groups: readonly (readonly ExaminedFiles[])[],
  index: BaseIndex,
): Comparison {
  const directories = listed.groups.flatMap((group) => group.directories);

  const store = {
    groups,
    directories: directories
      .filter(({ path }) => lookAt(path)?.isDirectory() === true)
      .map(({ prefix }) => prefix),
    skipped: listed.skipped.map(({ name }) => name),
    components: listed.components,
  };

  return compareStore(store, index, readChecksum);
}

const readChecksum: ReadChecksum = ({ path, followsLinks }, name) =>
  checksumFile(`${path}/${name}`, { followsLinks, asksPlace: true });

interface Measured {
  readonly base: OpenBase;
  readonly comparison: Comparison;
  readonly letter: DifferentialLetter;
}

function planDifferential(
  volumeLimitBytes: number,
  listed: ListedStore,
  { base, comparison, letter }: Measured,
): PlannedBackup {
  const { deleted } = comparison;

  if (!fitsVolume(deleted, volumeLimitBytes)) {
    return planFullInstead(
      listed,
      `the names of ${deleted.length} deleted files do not fit into a volume`,
    );
  }

  const plan = planArchive(listed, comparison, {
    type: 'differential',
    letter,
    base: { stem: base.archive.files.stem, digest: base.archive.digest },
    warnings: [],
  });

  return { plan, base };
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

  return { plan, base: undefined };
}
