import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from './backup-directory.js';
import { readEntries } from './zip/central-directory.js';
import { findCentralDirectory } from './zip/plain-central-directory.js';
import { eachDeletedName, LIMIT_WITHOUT_BASE } from './read/read-deleted.js';
import {
  centralHeaderWindows,
  type HeaderBytes,
} from './zip/central-headers.js';
import { wholeName } from './entry-names.js';
import type { SummaryText } from './summary.js';
import { CENTRAL_FIXED_BYTES } from './zip/zip-format.js';

/** Without these a mail server cannot be set up again: users and domains are in them. */
export const REQUIRED_FILES = ['mailserver.cfg', 'users.cfg'] as const;

/** The required files of one archive, its base left aside. */
export interface RequiredFiles {
  /** Those that it holds itself. */
  readonly held: readonly string[];
  /** Those that a differential's point lacks, whatever its base holds. */
  readonly deleted: readonly string[];
}

/** The configuration stands at the front of the first volume: its first headers nearly always tell. */
const HEAD_BYTES = 4 << 10;

/**
 * Reads from the central directories which required files an archive holds. A differential that says what its point lacks is
 * believed, so that nobody looks through all of its names for a configuration that did not change.
 * @throws {DamagedArchiveError} when a central directory is broken
 */
export async function readRequiredFiles(
  files: ArchiveFiles,
  summary: SummaryText | undefined,
): Promise<RequiredFiles> {
  const isDifferential = files.type === 'differential';

  if (isDifferential && summary?.lacks) {
    const { lacks } = summary;
    return {
      held: REQUIRED_FILES.filter((name) => !lacks.includes(name)),
      deleted: lacks,
    };
  }

  const held = new Set<string>();
  for (const volume of files.volumes) {
    if (REQUIRED_FILES.every((name) => held.has(name))) break;

    await addHeld(volume, held);
  }

  const missing = REQUIRED_FILES.filter((name) => !held.has(name));

  const deleted =
    isDifferential && missing.length > 0
      ? await readDeletedAmong(files, missing)
      : [];

  return { held: REQUIRED_FILES.filter((name) => held.has(name)), deleted };
}

async function addHeld(
  volume: VolumeFileInfo,
  held: Set<string>,
): Promise<void> {
  const source = await openVolumeFile(volume);
  try {
    const place = await findCentralDirectory(source);
    if (!place) {
      const { table } = await readEntries(source);
      for (let index = 0; index < table.count; index++) {
        held.add(wholeName(table.name(index)));
      }

      return;
    }

    for (const length of [Math.min(place.length, HEAD_BYTES), place.length]) {
      for await (const headers of centralHeaderWindows(source, {
        ...place,
        length,
      })) {
        for (const header of headers) addRequired(header, held);
      }

      if (
        REQUIRED_FILES.every((name) => held.has(name)) ||
        length === place.length
      ) {
        return;
      }
    }
  } finally {
    source.close();
  }
}

/** Adds the header's name where it is a required file's. */
function addRequired({ bytes, at }: HeaderBytes, held: Set<string>): void {
  const nameStart = at + CENTRAL_FIXED_BYTES;
  // No other name begins so: entries of the install directory and of the store begin with @ or s.
  const isNear = bytes[nameStart] === 0x6d || bytes[nameStart] === 0x75;
  if (!isNear) return;

  const name = wholeName(
    bytes.toString('utf8', nameStart, nameStart + bytes.readUInt16LE(at + 28)),
  );
  if (REQUIRED_FILES.some((required) => required === name)) held.add(name);
}

async function readDeletedAmong(
  files: ArchiveFiles,
  names: readonly string[],
): Promise<string[]> {
  const [file] = files.volumes;
  if (!file) return [];

  const source = await openVolumeFile(file);
  try {
    const { table } = await readEntries(source);
    const deleted = new Set<string>();

    await eachDeletedName({ file, table }, LIMIT_WITHOUT_BASE, (line) => {
      const name = names.find(
        (wanted) =>
          wanted.length === line.length && line.equals(Buffer.from(wanted)),
      );
      if (name !== undefined) deleted.add(name);
    });

    return names.filter((name) => deleted.has(name));
  } finally {
    source.close();
  }
}
