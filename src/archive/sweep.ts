import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../errors.js';
import {
  formatTemporaryName,
  formatVolumeName,
  isTemporaryName,
  parseVolumeName,
} from './names.js';

/** What was done about the leftovers of dead runs. */
export interface Sweep {
  /** The names of removed files; those of an archive's first volume last. */
  readonly removed: readonly string[];
  /** A warning for each that stays. */
  readonly warnings: readonly string[];
}

/**
 * Removes what dead runs left: temporary volumes, and volumes that a run named before it died ahead of the first one. A
 * leftover proves nothing against an archive whose first volume has its name: copy tools make such names too, and then
 * only the leftover goes. Call it while the directory's lock is held.
 *
 *   X.1.zip X.zip.part          all go, X.zip.part last: it is the proof
 *   X.zip X.1.zip X.zip.part    X.zip.part goes
 *   X.zip X.1.zip X.2.zip.part  X.2.zip.part goes
 *   X.1.zip                     stays: nothing proves that a run of ours died there
 */
export function sweepTemporaries(directory: string): Sweep {
  const names = new Set(readdirSync(directory));
  const leftovers = [...names].filter(isTemporaryName);

  const files = leftovers.filter(
    (name) =>
      lstatSync(join(directory, name), {
        throwIfNoEntry: false,
      })?.isDirectory() !== true,
  );

  const unpublished = files.flatMap((name) => unpublishedWith(name, names));
  const ordered = [...new Set([...unpublished, ...leftovers])].sort(
    (a, b) => isProof(a) - isProof(b),
  );
  const removed: string[] = [];
  const warnings: string[] = [];

  for (const name of ordered) {
    const fault = removeFile(join(directory, name));
    if (fault === undefined) {
      removed.push(name);
    } else {
      warnings.push(
        `${name} in ${directory} is no archive's, and stays: ${fault}`,
      );
    }
  }

  return { removed, warnings };
}

/** The named volumes of an archive that a temporary first volume proves unfinished. */
function unpublishedWith(
  leftover: string,
  names: ReadonlySet<string>,
): string[] {
  const stem = parseVolumeName(leftover.replace(/\.part$/, ''))?.stem;
  if (stem === undefined || leftover !== formatTemporaryName(stem, 0)) {
    return [];
  }

  if (names.has(formatVolumeName(stem, 0))) return [];

  return [...names].filter((name) => parseVolumeName(name)?.stem === stem);
}

const isProof = (name: string): number =>
  /^[FIDC]\d{8}T\d{6}Z\.zip\.part$/.test(name) ? 1 : 0;

/** @returns why it is still there; a directory is nobody's leftover */
function removeFile(path: string): string | undefined {
  try {
    if (lstatSync(path).isDirectory()) return 'a directory';

    rmSync(path, { force: true });

    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    return code === 'ENOENT' ? undefined : (code ?? messageOf(error));
  }
}
