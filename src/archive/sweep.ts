/** Finds and removes the files that dead runs left in a storage. */
import { errnoOf, messageOf } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import {
  type ArchiveFiles,
  isArchiveFile,
  toArchives,
} from './backup-directory.js';
import {
  firstNames,
  isTemporaryFirstName,
  isTemporaryName,
  parsePinName,
  parseVolumeName,
  stemOfSeal,
} from './names.js';
import { isHeaderPart } from './headers/header-names.js';
import type { Storage, StoredFile } from './storage.js';

/** The result for the leftovers of dead runs. */
export interface Sweep {
  /** The names of removed files; those of an archive's first volume last. */
  readonly removed: readonly string[];
  /** A warning for each that stays. */
  readonly warnings: readonly string[];
  /** The archives that are there, oldest first. */
  readonly archives: readonly ArchiveFiles[];
}

/**
 * Removes what dead runs left: temporary volumes, and volumes that a run named, and pins and seals that it wrote, before it died ahead
 * of the first one. A leftover proves nothing against an archive whose first volume has its name: copy tools make such names too, and then
 * only the leftover goes. Call it while the storage's lock is held.
 *
 *   X.1.zip X.zip.part          all go, X.zip.part last: it is the proof
 *   X.1.zip.age X.seal.json X.zip.age.part    the same
 *   X.zip X.1.zip X.zip.part    X.zip.part goes
 *   X.zip X.1.zip X.2.zip.part  X.2.zip.part goes
 *   X.1.zip                     stays: nothing proves that a run of ours died there
 *
 * @throws {NotFoundError} when the storage does not exist
 */
export async function sweepTemporaries(storage: Storage): Promise<Sweep> {
  tellStep(`archives of ${storage.name}`);

  const warnings = [...((await storage.settleDeadRuns?.()) ?? [])];
  const stored = await storage.list(isOfArchive);
  const removed: string[] = [];

  for (const file of findLeftovers(stored)) {
    const fault = await removeFile(storage, file);

    if (fault === undefined) {
      removed.push(file.name);
    } else {
      warnings.push(
        `${file.name} in ${storage.name} is no archive's, and stays: ${fault}`,
      );
    }
  }

  const left = stored.filter(({ name }) => !removed.includes(name));

  return { removed, warnings, archives: toArchives(storage, left) };
}

const isOfArchive = (name: string): boolean =>
  isLeftover(name) || isArchiveFile(name) || stemOfSeal(name) !== undefined;

/** A search that still writes goes on without. */
const isLeftover = (name: string): boolean =>
  isTemporaryName(name) || isHeaderPart(name);

/** Returns the files to remove, in their order. Pure. */
function findLeftovers(stored: readonly StoredFile[]): StoredFile[] {
  const byName = new Map(stored.map((file) => [file.name, file]));
  const leftovers = stored.filter(({ name }) => isLeftover(name));

  const unpublished = leftovers
    .filter(({ kind }) => kind !== 'directory')
    .flatMap(({ name }) => unpublishedWith(name, byName));

  return [...new Set([...unpublished, ...leftovers])].sort(
    (a, b) => isProof(a) - isProof(b),
  );
}

/** The named volumes of an archive that a temporary first volume proves unfinished. */
function unpublishedWith(
  leftover: string,
  byName: ReadonlyMap<string, StoredFile>,
): StoredFile[] {
  const stem = parseVolumeName(leftover.replace(/\.part$/, ''))?.stem;
  if (stem === undefined || !isTemporaryFirstName(leftover)) return [];
  if (firstNames(stem).some((name) => byName.has(name))) return [];

  return [...byName.values()].filter(({ name }) => stemOf(name) === stem);
}

/** The archive that a volume, a pin or a seal is of. */
function stemOf(name: string): string | undefined {
  return (
    parseVolumeName(name)?.stem ?? parsePinName(name)?.stem ?? stemOfSeal(name)
  );
}

const isProof = ({ name }: StoredFile): number =>
  isTemporaryFirstName(name) ? 1 : 0;

/** @returns why it is still there; a directory is nobody's leftover */
async function removeFile(
  storage: Storage,
  { name, kind }: StoredFile,
): Promise<string | undefined> {
  if (kind === 'directory') return 'a directory';

  try {
    await storage.remove(name);

    return undefined;
  } catch (error) {
    const code = errnoOf(error);

    return code === 'ENOENT' ? undefined : (code ?? messageOf(error));
  }
}
