/** What a differential is worth, by its base. */
import type { ArchiveState } from '../archive/archive-state.js';
import {
  type ArchiveFiles,
  listArchiveFiles,
  withoutIndex,
} from '../archive/backup-directory.js';
import { checkChain } from '../archive/check-chain.js';
import { checkStructure } from '../archive/check-structure.js';
import { HiddenNames, readDeleted } from '../archive/hidden-names.js';
import { inspectArchives } from '../archive/inspect.js';
import { archiveName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import { readArchive, type VerifyReport } from '../archive/verify.js';
import { isReadFailure } from '../archive/zip/source.js';
import { DamagedArchiveError, messageOf, SealedError } from '../errors.js';

/** The archives beside a verified one. */
export interface VerifiedBeside {
  readonly storage: Storage;
  /** All archives there; undefined where they are not listed yet. */
  readonly listed: readonly ArchiveFiles[] | undefined;
  /** The reports of this run on the archives before it. */
  readonly earlier: readonly VerifyReport[];
}

/** A differential is worth as much as its base, as this run found it, or else as it is known. */
export async function addChainFault(
  report: VerifyReport,
  files: ArchiveFiles,
  { storage, listed, earlier }: VerifiedBeside,
): Promise<VerifyReport> {
  if (files.type !== 'differential' || !report.isIntact) return report;

  const archives =
    listed ?? (await listArchiveFiles(storage)).map(withoutIndex);
  const states = await inspectArchives(storage, archives);
  const state = states.find(({ facts }) => facts.files.stem === files.stem);
  const fault = state && (await faultOfChain(state, files, earlier));

  return fault === undefined ? report : { ...report, isSound: false, fault };
}

/** Why the base is no help to a differential; undefined where it is. */
async function faultOfChain(
  { base, baseFault, chainFault }: ArchiveState,
  files: ArchiveFiles,
  earlier: readonly VerifyReport[],
): Promise<string | undefined> {
  const name = base && archiveName(base.files.stem);
  const baseReport = earlier.find(({ archive }) => archive === name);
  const known = base?.unreadable instanceof SealedError ? undefined : baseFault;
  const fault = chainFault ?? (baseReport ? describeDamage(baseReport) : known);

  return fault ?? (base && (await findChainFault(base.files, files)));
}

/** The fault for which a recover would refuse the base, or the two together. */
async function findChainFault(
  base: ArchiveFiles,
  files: ArchiveFiles,
): Promise<string | undefined> {
  try {
    const [full, last] = [await readArchive(base), await readArchive(files)];
    if (full.archive.lost.length > 0) return undefined;

    checkStructure(full.archive, full.facts);
    checkChain(
      full.archive,
      last.archive,
      new HiddenNames(last, await readDeleted(last, full.archive)),
    );

    return undefined;
  } catch (error) {
    if (error instanceof DamagedArchiveError) return messageOf(error);
    // Of the base itself the verify of it tells.
    if (isReadFailure(error) || error instanceof SealedError) return undefined;

    throw error;
  }
}

function describeDamage({
  archive,
  isIntact,
  unread,
  isSealed,
}: VerifyReport): string | undefined {
  return isIntact || isSealed || unread.length > 0
    ? undefined
    : `its base ${archive} is damaged`;
}
