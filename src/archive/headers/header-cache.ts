/**
 * The headers of all archives in `.kms-backup-headers` beside them, so that the next search need not read them again. It may
 * be lost or removed at any time. It is believed only where it fits: broken, of another version or about other archives, it
 * is made anew. What a search prints is read from the archives.
 */
import { randomUUID } from 'node:crypto';
import { errnoOf } from '../../errors.js';
import { tellStep } from '../../platform/steps.js';
import type { ArchiveFiles } from '../backup-directory.js';
import type { Storage } from '../storage.js';
import { BrokenFile, ColumnFile, writeColumns } from './column-file.js';
import {
  HEADER_FIELDS,
  type HeaderField,
  type HeaderIndex,
  headersOf,
  type RecordHeaders,
} from './header-index.js';
import {
  packIndex,
  unpackDates,
  unpackRecords,
  unpackText,
} from './header-columns.js';
import { documentHead, parseHead } from './header-head.js';
import {
  formatHeaderPart,
  HEADER_CACHE as FILE,
  isHeaderPart,
} from './header-names.js';
import type { TextColumn } from './text-column.js';
import { withoutArchives } from './without-archives.js';

const SCHEMA = 'kms-backup/headers/1';

/** An index whose texts are read when they are asked for; whoever opens it closes it. */
export interface CachedIndex extends HeaderIndex {
  readonly headers: RecordHeaders;
  close(): void;
}

/** Tells one state of an archive's files from another, wherever the directory is mounted. */
export function headersIdentityOf({ volumes }: ArchiveFiles): string {
  return JSON.stringify(
    volumes.map(({ storedAs, sizeBytes, mtimeMs }) => [
      storedAs,
      sizeBytes,
      mtimeMs,
    ]),
  );
}

/** Opens the cache; undefined where there is none that can be understood, or the system refuses it. */
export async function openHeaderCache(
  storage: Storage,
): Promise<CachedIndex | undefined> {
  try {
    // Opening a pipe would wait without end.
    if ((await storage.stat(FILE))?.kind !== 'file') return undefined;

    const file = await ColumnFile.open(storage, FILE);

    try {
      return await readIndex(file);
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    tellUnusable(storage, error);

    return undefined;
  }
}

async function readIndex(file: ColumnFile): Promise<CachedIndex> {
  if (file.head['schema'] !== SCHEMA) {
    throw new BrokenFile('it is of another version');
  }

  const head = parseHead(file.head);
  const records = await unpackRecords(file, head);
  const texts = new Map<HeaderField, Promise<TextColumn>>();

  return {
    archives: head.archives,
    directories: head.directories,
    unread: new Set(head.unread),
    records,
    headers: {
      dates: () => unpackDates(file, head.count),
      text: (field) => {
        const text = texts.get(field) ?? unpackText(file, field, head.count);
        texts.set(field, text);

        return text;
      },
    },
    close: () => {
      file.close();
    },
  };
}

/** Says why the cache is of no use. @throws {Error} what is neither its fault nor the system's */
export function tellUnusable(storage: Storage, error: unknown): void {
  const isForeseen =
    error instanceof BrokenFile ||
    error instanceof SyntaxError ||
    errnoOf(error) !== undefined;

  if (!isForeseen) throw error;

  tellStep(
    `${storage.pathOf(FILE)} is not used: ${errnoOf(error) ?? (error as Error).message}`,
  );
}

/**
 * Keeps an index whose headers are there, without the records that are in no archive. A storage that takes no more, or
 * nothing from this user, goes without.
 * @returns whether it is kept
 * @throws {Error} the signal's reason
 */
export async function writeHeaderCache(
  storage: Storage,
  index: HeaderIndex,
  signal?: AbortSignal,
): Promise<boolean> {
  const temporary = formatHeaderPart(randomUUID());

  try {
    await removeLeftovers(storage);

    const packed = await packIndex(index);
    const head = { schema: SCHEMA, ...documentHead(packed) };
    const { columns } = packed;

    await writeColumns(storage, temporary, { head, columns }, signal);
    await storage.publish(temporary, FILE, signal);

    return true;
  } catch (error) {
    await storage.remove(temporary).catch(() => undefined);
    signal?.throwIfAborted();
    if (errnoOf(error) === undefined) throw error;

    tellStep(
      `no headers are kept in ${storage.name} for the next search: ${errnoOf(error) ?? ''}`,
    );

    return false;
  }
}

/** What a search that was killed left of the cache that it wrote. One that still writes goes on without. */
async function removeLeftovers(storage: Storage): Promise<void> {
  for (const { name } of await storage.list(isHeaderPart)) {
    await storage.remove(name);
  }
}

/**
 * Takes out of the cache what only archives had that are gone. Where that cannot be done the cache goes: what was removed
 * with an archive is not kept beside it. Call it while the storage's lock is held.
 * @param left the archives that are there
 */
export async function pruneHeaderCache(
  storage: Storage,
  left: readonly ArchiveFiles[],
): Promise<void> {
  try {
    if (!(await storage.stat(FILE))) return;
    if (await keepOnly(storage, left)) return;

    await storage.remove(FILE);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    tellStep(`${storage.pathOf(FILE)} stays as it is: ${errnoOf(error) ?? ''}`);
  }
}

/** @returns whether the cache holds what it may, and no more */
async function keepOnly(
  storage: Storage,
  left: readonly ArchiveFiles[],
): Promise<boolean> {
  const cached = await openHeaderCache(storage);
  if (!cached) return false;

  const stems = new Set(left.map(({ stem }) => stem));
  const pruned = withoutArchives(cached, (stem) => !stems.has(stem));
  if (pruned === cached) {
    cached.close();
    return true;
  }

  const whole = pruned && (await loadIndex(storage, pruned));
  cached.close();

  return whole !== undefined && writeHeaderCache(storage, whole);
}

/** The same index with all its headers in memory: its file may go. Undefined where it is broken. */
export async function loadIndex(
  storage: Storage,
  index: HeaderIndex,
): Promise<HeaderIndex | undefined> {
  try {
    return { ...index, headers: await loadHeaders(index.headers) };
  } catch (error) {
    tellUnusable(storage, error);

    return undefined;
  }
}

async function loadHeaders(
  headers: RecordHeaders | undefined,
): Promise<RecordHeaders | undefined> {
  if (!headers) return undefined;

  const dates = await headers.dates();
  const texts = await Promise.all(
    HEADER_FIELDS.map((field) => headers.text(field)),
  );

  return headersOf(dates, texts);
}
