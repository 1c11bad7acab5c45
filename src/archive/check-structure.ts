import { DamagedArchiveError } from '../errors.js';
import { Turns } from '../platform/turns.js';
import type { ArchiveFiles } from './backup-directory.js';
import {
  checkEntries,
  checkStepwise,
  type StructureReport,
} from './check-entries.js';
import { findFalseFolders } from './check-folders.js';
import { type CheckedEntries, HINTS } from './check-meetings.js';
import type { OpenArchive, OpenVolume } from './open-archive.js';
import type { Indices } from './read/indices.js';
import type { SummaryText, VersionText } from './summary.js';

/** The volumes that can be looked into. */
export type Volumes = Pick<OpenArchive, 'files' | 'volumes'>;

/** The statements of an archive about itself. */
interface SelfDescription {
  readonly summary: SummaryText | undefined;
  readonly version: VersionText | undefined;
}

const NOTHING: SelfDescription = { summary: undefined, version: undefined };

/** The work beside it is that of threads that have something to do for about as long. */
const SHORT_TURN_MS = 10;

/**
 * Checks names, duplicates, types, declared sizes, parts and the summary's counts of all entries, before any is read.
 * @param archive with all its volumes
 * @throws {DamagedArchiveError} naming the first entry that no safe tool would recover
 */
export function checkStructure(
  archive: Volumes,
  description: SelfDescription = NOTHING,
): StructureReport {
  return judge(archive, description, checkEntries(allOf(archive)));
}

/** The same beside other work of this thread, which gets its turn from time to time. */
export async function checkStructureBeside(
  archive: Volumes,
  description: SelfDescription,
  signal: AbortSignal | undefined,
): Promise<StructureReport> {
  const turns = new Turns(SHORT_TURN_MS);
  const steps = checkStepwise(allOf(archive), true);
  let step = steps.next();

  while (step.done !== true) {
    await turns.pass();
    signal?.throwIfAborted();
    step = steps.next();
  }

  return judge(archive, description, step.value);
}

/** Compares what was found with what the archive says of itself. */
function judge(
  archive: Volumes,
  { summary, version }: SelfDescription,
  checked: StructureReport,
): StructureReport {
  if (!summary) return checked;

  checkVolumes(archive, summary);

  const report = { ...checked, problems: findFalseFolders(archive, summary) };

  const difference = findDifference(archive.files.stem, summary, report);
  if (difference === undefined) return report;

  // The server's way to count is known from few archives: its summary is no reason to refuse what is whole.
  const isServers = version !== undefined && version.tool === undefined;
  const saysSomething = summary.fileCount > 0 || summary.totalBytes > 0;
  if (isServers && saysSomething) {
    return { ...report, warnings: [...report.warnings, difference] };
  }

  throw new DamagedArchiveError(difference, { hints: HINTS });
}

/**
 * The same for some of the entries: what is not wanted is not judged.
 * @param indices of each volume
 */
export function checkSelected(
  archive: Volumes,
  indices: readonly Indices[],
): StructureReport {
  const stem = archive.files.stem;
  const entries = indices.reduce((sum, own) => sum + own.length, 0);

  // Made anew whenever they are gone through: the chosen entries may be nearly all.
  const volumes = {
    *[Symbol.iterator]() {
      for (const [at, { file, table }] of archive.volumes.entries()) {
        yield { file, table: table.gather(indices[at] ?? []) };
      }
    },
  };

  return checkEntries({ stem, entries, volumes });
}

/** The same for the volumes that are left where others are lost: what a file lacks may lie in those. */
export function checkPresent(archive: Volumes): StructureReport {
  return checkEntries(allOf(archive), false);
}

function allOf({ files: { stem }, volumes }: Volumes): CheckedEntries {
  const entries = volumes.reduce((sum, { table }) => sum + table.count, 0);

  return { stem, entries, volumes };
}

/** An archive by the digests of its volumes. */
export interface DigestedVolumes {
  readonly files: Pick<ArchiveFiles, 'stem'>;
  readonly volumes: readonly Pick<OpenVolume, 'file' | 'digest'>[];
}

/** Checks that the volumes are those that the summary was written with. @throws {DamagedArchiveError} */
export function checkVolumes(
  { files: { stem }, volumes }: DigestedVolumes,
  { volumeDigests }: SummaryText,
): void {
  for (const [index, digest] of volumeDigests.entries()) {
    const volume = volumes[index];
    if (digest !== '' && volume && volume.digest !== digest) {
      throw new DamagedArchiveError(
        `${volume.file.name} is not the volume that ${stem} was written with`,
        {
          hints: [
            'Copy the volumes of one archive together; those of two archives were mixed.',
          ],
        },
      );
    }
  }
}

function findDifference(
  stem: string,
  summary: SummaryText,
  found: StructureReport,
): string | undefined {
  if (
    summary.fileCount === found.files &&
    summary.totalBytes === found.totalBytes
  ) {
    return undefined;
  }

  return `${stem} holds ${found.files} files with ${found.totalBytes} bytes, its summary says ${summary.fileCount} with ${summary.totalBytes}`;
}
