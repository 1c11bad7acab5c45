/** Removing copies of indexes that no differential is measured against any more. */
import { readLocalSeal } from '../local-seal.js';
import { archiveName, parseVolumeName, type VolumeName } from '../names.js';
import { dropIndexes } from '../object-storage/index-copies.js';
import type { Storage } from '../storage.js';

/** Disks that take turns in one place are there again within a month. */
const ABSENT_MS = 35 * 86_400_000;

interface Copies {
  /** Holds them. */
  readonly own: Storage;
  /** Holds the archives. */
  readonly directory: Storage;
  readonly keepsIndex: boolean;
}

/**
 * Of the archives that are there, the newest full and what came after it keep theirs. What is not there may be on another disk; it counts
 * as gone when it is much older than the newest that is there.
 */
export async function dropUnneededCopies({
  own,
  directory,
  keepsIndex,
}: Copies): Promise<void> {
  const firsts = (await directory.list(isFirstVolume)).map(({ name }) =>
    partsOf(name),
  );
  const present = new Set(firsts.map(({ stem }) => stem));
  const newestFullMs = newestOf(await wholeFulls(directory, firsts));
  const oldestMs = newestOf(firsts) - ABSENT_MS;

  await dropIndexes(own, (stem) => {
    const takenMs = partsOf(archiveName(stem)).takenAt.getTime();
    const isNeeded = present.has(stem)
      ? takenMs >= newestFullMs
      : takenMs >= oldestMs;

    return !keepsIndex || !isNeeded;
  });
}

/** The newest full of everything that is sealed; none: whatever is there may be needed. */
async function wholeFulls(
  directory: Storage,
  firsts: readonly VolumeName[],
): Promise<VolumeName[]> {
  const fulls = firsts
    .filter(({ type, isSealed }) => type === 'full' && isSealed)
    .sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime());

  for (const full of fulls) {
    const seal = await readLocalSeal(directory, full.stem);
    if (seal?.facts && !seal.facts.version.parts) return [full];
  }

  return [];
}

const isFirstVolume = (name: string): boolean =>
  parseVolumeName(name)?.volume === 0;

function partsOf(name: string): VolumeName {
  const parsed = parseVolumeName(name);
  if (parsed) return parsed;

  throw new Error(`${name} is no archive's name`);
}

/** 0 where there is none. */
function newestOf(archives: readonly VolumeName[]): number {
  return Math.max(0, ...archives.map(({ takenAt }) => takenAt.getTime()));
}
