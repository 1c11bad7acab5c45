import { readFileSync, type Stats, statSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import { formatSize } from './units.js';

/**
 * The longest file of settings that is read. A mailserver.cfg with ten thousand users has a few MiB; of what is far larger
 * every command would take many times its size in memory, and none could say why it was killed.
 */
const LARGEST_SETTINGS_BYTES = 64 << 20;

/**
 * The bytes of a file of settings; its size is looked at before its content.
 * @throws {ConfigurationError} when it is too large, or a pipe or device, which might never end · the operating system's
 */
export function readSettingsFile(path: string): Buffer {
  const stats = statSync(path);
  // Of a directory the system itself says what is wrong.
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new ConfigurationError(`${path} is no plain file`, {
      hints: ['Put a file of settings there.'],
    });
  }

  refuseTooLarge(path, stats);

  return readFileSync(path);
}

/** @throws {ConfigurationError} when a file cannot be settings, whatever it holds */
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
