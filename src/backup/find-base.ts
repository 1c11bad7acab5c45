import { existsSync } from 'node:fs';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { checkVolumes } from '../archive/check-structure.js';
import { inspectArchives } from '../archive/inspect.js';
import type { DifferentialLetter } from '../archive/names.js';
import { type OpenArchive, openArchive } from '../archive/open-archive.js';
import { holdsParts } from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { isReadFailure } from '../archive/zip/source.js';
import { KmsError, messageOf } from '../errors.js';

/** The full that a differential is measured against, or why there is none. */
export type Base =
  { readonly archive: OpenArchive } | { readonly reason: string };

/**
 * The newest full, if it is whole: an older one would make recovery depend on what nobody looks at any more. Fulls of
 * fewer parts than are wanted are passed over.
 * @param parts what alone is wanted; undefined: everything
 */
export async function findBase(
  backupDir: string,
  parts: readonly string[] | undefined,
): Promise<Base> {
  const state = await findNewestFull(backupDir, parts);
  if (!state) return { reason: 'there is no full archive yet' };

  const { files } = state.facts;
  if (!state.isRecoverable) {
    return {
      reason: `the newest full, ${files.stem}.zip, cannot be used: ${state.fault ?? ''}`,
    };
  }

  try {
    const archive = await openArchive(files);
    if (state.facts.summary) checkVolumes(archive, state.facts.summary);

    return { archive };
  } catch (error) {
    // A full tonight is better than nothing, whether the disk answers again tomorrow or not.
    if (!(error instanceof KmsError) && !isReadFailure(error)) throw error;

    return {
      reason: `the newest full, ${files.stem}.zip, cannot be used: ${messageOf(error)}`,
    };
  }
}

async function findNewestFull(
  backupDir: string,
  parts: readonly string[] | undefined,
): Promise<ArchiveState | undefined> {
  const fulls = existsSync(backupDir)
    ? listArchiveFiles(backupDir).filter(({ type }) => type === 'full')
    : [];
  for (const files of fulls.reverse()) {
    const [state] = await inspectArchives([files], backupDir);
    if (state && holdsParts(state.facts, parts)) return state;
  }

  return undefined;
}

/** `D` where the backup directory already holds differentials of that letter: what its server expects. */
export function chooseLetter(backupDir: string): DifferentialLetter {
  if (!existsSync(backupDir)) return 'I';
  return listArchiveFiles(backupDir).some(({ stem }) => stem.startsWith('D'))
    ? 'D'
    : 'I';
}
