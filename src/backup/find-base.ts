import {
  type ArchiveFiles,
  type Catalogue,
  isSealedArchive,
} from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import { holdsParts } from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { isReadFailure } from '../archive/zip/source.js';
import { KmsError, messageOf, SealedError } from '../errors.js';
import { type IndexedFull, indexFull } from './index-full.js';

/** The full that a differential is measured against, or why there is none. */
export type Base = IndexedFull | { readonly reason: string };

/**
 * The newest full, if it is whole: an older one would make recovery depend on what nobody looks at any more. Fulls of
 * fewer parts than are wanted are passed over.
 * @param parts what alone is wanted; undefined: everything
 */
export async function findBase(
  catalogue: Catalogue,
  parts: readonly string[] | undefined,
): Promise<Base> {
  const state = await findNewestFull(catalogue, parts);
  if (!state) return { reason: 'there is no full archive yet' };

  const { files } = state.facts;
  const isSealing = catalogue.storage.isSealing === true;
  if (isSealedArchive(files) !== isSealing) {
    return { reason: describeOtherKind(files, isSealing) };
  }

  if (!state.isRecoverable) {
    return {
      reason: `the newest full, ${files.stem}.zip, cannot be used: ${state.fault ?? ''}`,
    };
  }

  try {
    return await indexFull(state.facts);
  } catch (error) {
    // A full tonight is better than nothing, whether the disk answers again tomorrow or not.
    if (!(error instanceof KmsError) && !isReadFailure(error)) throw error;

    return {
      reason:
        error instanceof SealedError
          ? describeClosed(files)
          : describeUnusable(files, error),
    };
  }
}

/** A point in time is sealed whole or not at all. */
function describeOtherKind({ stem }: ArchiveFiles, isSealing: boolean): string {
  return isSealing
    ? `the newest full, ${stem}.zip, is not sealed, and what is written now is`
    : `the newest full, ${stem}.zip, is sealed, and nobody is named that this one could be sealed for`;
}

function describeClosed({ stem }: ArchiveFiles): string {
  return `the newest full, ${stem}.zip, is sealed, and this machine has neither an identity that opens it nor a copy of its index`;
}

export function describeUnusable(
  { stem }: ArchiveFiles,
  error: unknown,
): string {
  return `the newest full, ${stem}.zip, cannot be used: ${messageOf(error)}`;
}

async function findNewestFull(
  { storage, archives }: Catalogue,
  parts: readonly string[] | undefined,
): Promise<ArchiveState | undefined> {
  const fulls = archives.filter(({ type }) => type === 'full');

  for (const files of fulls.reverse()) {
    const [state] = await inspectArchives(storage, [files]);
    if (state && holdsParts(state.facts, parts)) return state;
  }

  return undefined;
}
