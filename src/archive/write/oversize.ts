import { basename } from 'node:path';
import { formatPieceName, findEntryFault } from '../entry-names.js';
import { largestPieceBytes } from './large-file.js';
import type { ListedFile } from './pack-tasks.js';
import { lstatOrGone } from '../../platform/look-again.js';

/** The treatment of a file that no volume can hold. */
export type OversizePolicy = 'skip' | 'split';

/**
 * The reason that keeps a large file out of the archive: no volume can hold it, and it is not to be split, or cannot be: the names of
 * its pieces are too long, or belong to other files. Undefined where it goes in.
 */
export function findSizeFault(
  file: ListedFile,
  sizeBytes: number,
  {
    oversize,
    volumeLimitBytes,
  }: { readonly oversize: OversizePolicy; readonly volumeLimitBytes: number },
): string | undefined {
  const largest = largestPieceBytes(volumeLimitBytes, file.name);
  if (sizeBytes <= largest) return undefined;

  const reason = `${sizeBytes} bytes do not fit into a volume of ${volumeLimitBytes}`;
  if (oversize === 'skip') return reason;

  const fault = findPieceFault(file, Math.ceil(sizeBytes / largest));

  return fault === undefined
    ? undefined
    : `${reason}, and it cannot be split: ${fault}`;
}

function findPieceFault(file: ListedFile, pieces: number): string | undefined {
  const fault = findEntryFault(formatPieceName(file.name, pieces - 1, pieces));
  if (fault !== undefined) return `its parts would have ${fault}`;

  for (let index = 0; index < pieces; index++) {
    const name = formatPieceName(basename(file.path), index, pieces);
    if (lstatOrGone(`${file.directory}/${name}`)) {
      return `${name} is there already`;
    }
  }

  return undefined;
}
