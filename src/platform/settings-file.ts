import { readFileSync, type Stats, statSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import { formatSize } from './units.js';

/**
 * The largest file of settings. A mailserver.cfg with ten thousand users has a few MiB. A far larger file would fill the
 * memory, and the system would kill the command without a message.
 */
const LARGEST_SETTINGS_BYTES = 64 << 20;

/**
 * Reads a file of settings, after a check of its size.
 * @throws {ConfigurationError} when it is too large, or a pipe or device, which might never end · the operating system's
 */
export function readSettingsFile(path: string): Buffer {
  const stats = statSync(path);
  // Reading a directory fails by itself, with the system's error.
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new ConfigurationError(`${path} is no plain file`, {
      hints: ['Put a file of settings there.'],
    });
  }

  refuseTooLarge(path, stats);

  return readFileSync(path);
}

/** @throws {ConfigurationError} when a file is too large for settings */
export function refuseTooLarge(
  path: string,
  { size }: Pick<Stats, 'size'>,
): void {
  if (size <= LARGEST_SETTINGS_BYTES) return;

  const limit = formatSize(LARGEST_SETTINGS_BYTES);

  throw new ConfigurationError(
    `${path} has ${size} bytes (${formatSize(size)}); a file of settings is read up to ${limit}`,
    {
      hints: [
        'Put the right file there: from the copy beside it, where there is one, or from a backup.',
      ],
    },
  );
}
