import type { Catalogue } from '../archive/backup-directory.js';
import {
  archiveName,
  type ArchiveType,
  type DifferentialLetter,
} from '../archive/names.js';
import { plural } from '../platform/units.js';
import type { OpenBase } from './open-base.js';
import { compareWithNothing } from './comparison.js';
import { StoreExaminer } from './examine-store.js';
import { chooseLetter } from './choose-name.js';
import { findBase } from './find-base.js';
import { type ListedStore, listStore } from './list-store.js';
import { type Measured, Measuring } from './measure-store.js';
import { type BackupPlan, fitsVolume, planArchive } from './plan-archive.js';
import { type PlannedReuse, planReuse } from './plan-reuse.js';
import type { BackupRequest } from './request.js';
import { limitedParts } from './sources.js';
import { MAIL_ARCHIVE_NAME } from '../store/entry-place.js';
import { findReusable, type NoReuse } from './reuse-base.js';
import { ReuseChoice } from './reuse-choice.js';
import { reportPlannedReuse } from './reuse-report.js';

/** A plan, and what it was measured against. */
export interface PlannedBackup {
  readonly plan: BackupPlan;
  /** Undefined for a full or a copy. */
  readonly base: OpenBase | undefined;
  /** Undefined where everything is read from the store. */
  readonly reuse?: PlannedReuse | undefined;
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
  if (request.type === 'differential') {
    return surveyDifferential(request, catalogue);
  }

  return request.reuse
    ? surveyReuse(request, catalogue, request.reuse)
    : planWhole(request.type, await listStore(request), []);
}

/** A full or copy that copies out of older archives what is unchanged. The workers examine the store while it is listed. */
async function surveyReuse(
  request: BackupRequest,
  catalogue: Catalogue,
  { freshEvery }: NonNullable<BackupRequest['reuse']>,
): Promise<PlannedBackup> {
  const { settings, mask, type, volumeLimitBytes } = request;
  const parts = limitedParts(settings.include, mask);
  const wish = { freshEvery, volumeLimitBytes, parts };

  const found = await findReusable(catalogue, wish);
  if ('reason' in found) {
    return planFresh(type, await listStore(request), found);
  }

  const choice = new ReuseChoice(volumeLimitBytes);
  const listed = await listFor(choice, request);
  const reuse = await planReuse(found, choice);
  if ('reason' in reuse) return planFresh(type, listed, reuse);

  const { plan } = planWhole(type, listed, []);
  const reused = reportPlannedReuse(reuse);
  const groups = choice.rest();

  return { plan: { ...plan, groups, reused }, base: undefined, reuse };
}

/** Lists the store, and tells all that is in it to the choice. */
async function listFor(
  choice: ReuseChoice,
  request: BackupRequest,
): Promise<ListedStore> {
  const examiner = new StoreExaminer(request, (component, files) => {
    choice.add(component, files);

    return Promise.resolve();
  });

  try {
    const listed = await listStore(request, (component, directory, names) =>
      examiner.add(component, directory, names),
    );

    await examiner.finish();

    return listed;
  } finally {
    await examiner.close();
  }
}

/** A plan that reads everything; what an archive is to blame for is said as a warning. */
function planFresh(
  type: ArchiveType,
  listed: ListedStore,
  { reason, isFault }: NoReuse,
): PlannedBackup {
  const warnings = isFault
    ? [`${reason}: everything is read from the store`]
    : [];

  const { plan } = planWhole(type, listed, warnings);
  const reused = reportPlannedReuse({ reason, isFault });

  return { plan: { ...plan, reused }, base: undefined };
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
    warnings: warnOfMailArchive(listed, base),
  });

  return {
    plan,
    base,
  };
}

/** Until the next full it costs every night what it cost this one. */
function warnOfMailArchive(
  { mailArchive }: ListedStore,
  { files, index }: OpenBase,
): string[] {
  const isInBase = index.ownEntry(`${MAIL_ARCHIVE_NAME}/`) !== undefined;
  if (!mailArchive || isInBase) return [];

  return [
    `${archiveName(files.stem)} was made without the mail archive: each differential to it packs all ${plural(mailArchive.files, 'file')} of that, until a full is made (backup full)`,
  ];
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
