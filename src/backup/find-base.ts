import { existsSync } from 'node:fs';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import type { DifferentialLetter } from '../archive/names.js';
import { type OpenArchive, openArchive } from '../archive/open-archive.js';
import { KmsError, messageOf } from '../errors.js';

/** The full that a differential is measured against, or why there is none. */
export type Base = { readonly archive: OpenArchive } | { readonly reason: string };

/** The newest full, if it is whole: an older one would make recovery depend on what nobody looks at any more. */
export async function findBase(backupDir: string): Promise<Base> {
  const files = existsSync(backupDir) ? listArchiveFiles(backupDir).findLast(({ type }) => type === 'full') : undefined;
  if (!files) return { reason: 'there is no full archive yet' };
  const [state] = await inspectArchives([files], backupDir);
  if (state?.isRecoverable !== true)
    return { reason: `the newest full, ${files.stem}.zip, cannot be used: ${state?.fault ?? ''}` };
  try {
    return { archive: await openArchive(files) };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return { reason: `the newest full, ${files.stem}.zip, cannot be used: ${messageOf(error)}` };
  }
}

/** `D` where the backup directory already holds differentials of that letter: what its server expects. */
export function chooseLetter(backupDir: string): DifferentialLetter {
  if (!existsSync(backupDir)) return 'I';
  const newest = listArchiveFiles(backupDir).findLast(({ type }) => type === 'differential');
  return newest?.stem.startsWith('D') === true ? 'D' : 'I';
}
