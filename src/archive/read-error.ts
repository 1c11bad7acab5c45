import { toSystemError } from '../platform/system-error.js';

/**
 * The words for a failed read of an archive: its disk or share, not the store's, and no damage of the archive.
 * Other errors stay what they are.
 */
export function toReadError(error: unknown): unknown {
  // Archives alone are read through descriptors.
  if (!(
    error instanceof Error &&
    'syscall' in error &&
    error.syscall === 'read'
  )) {
    return error;
  }

  const hints = [
    'Nothing was changed. Look at the disk or the share that holds the archive.',
  ];

  return (
    toSystemError(error, { fact: 'an archive cannot be read', hints }) ?? error
  );
}
