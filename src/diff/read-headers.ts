import { closeSync } from 'node:fs';
import { ArchivedFiles, type EntryAt } from '../archive/point-files.js';
import { LiveFiles } from '../archive/live-files.js';
import type { VolumeFileInfo } from '../archive/backup-directory.js';
import { VolumeHandle } from '../archive/volume-handle.js';
import { EntryDamage } from '../archive/zip/entry-damage.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { readEnough } from '../archive/zip/read-enough.js';
import { readHead } from '../archive/zip/read-entry.js';
import { errnoOf } from '../errors.js';
import {
  HEADER_LIMIT_BYTES,
  holdsAllHeaders,
  type MessageHeaders,
  readMessageHeaders,
} from '../mail/message-headers.js';
import { readFileHeaders } from '../mail/read-file-headers.js';
import { Turns } from '../platform/turns.js';
import { openStored } from '../store/open-stored.js';
import type { FileAt } from '../archive/file-list.js';

/** Reads the headers of messages, of archives and of the live store. */

/** The volume that each table of entries is of. */
export type VolumesOfTables = ReadonlyMap<EntryTable, VolumeFileInfo>;

/**
 * The headers of each message; undefined where it cannot be read, or is gone meanwhile.
 * @param volumes those of all archives that messages lie in
 * @throws {Error} when a volume cannot be read
 */
export async function readAllHeaders(
  messages: readonly FileAt[],
  volumes: VolumesOfTables,
): Promise<(MessageHeaders | undefined)[]> {
  const turns = new Turns();
  const handle = new VolumeHandle();
  const headers = new Array<MessageHeaders | undefined>(messages.length);

  try {
    for (const [place, message] of byVolume(messages)) {
      await turns.pass();
      headers[place] = await readOne(message, volumes, handle);
    }
  } finally {
    handle.close();
  }

  return headers;
}

/** Volume by volume: each is opened once. */
function byVolume(messages: readonly FileAt[]): (readonly [number, FileAt])[] {
  const groups = new Map<
    EntryTable | undefined,
    (readonly [number, FileAt])[]
  >();

  for (const [place, message] of messages.entries()) {
    const { files, at } = message;
    const table =
      files instanceof ArchivedFiles ? files.entryAt(at).table : undefined;
    const group = groups.get(table) ?? [];
    groups.set(table, group);
    group.push([place, message]);
  }

  return [...groups.values()].flat();
}

async function readOne(
  { files, at }: FileAt,
  volumes: VolumesOfTables,
  handle: VolumeHandle,
): Promise<MessageHeaders | undefined> {
  try {
    if (files instanceof LiveFiles) return readLive(files.pathOf(at));
    if (!(files instanceof ArchivedFiles)) return undefined;

    return await readArchived(files.entryAt(at), volumes, handle);
  } catch (error) {
    if (error instanceof EntryDamage) return undefined;
    throw error;
  }
}

async function readArchived(
  { table, index }: EntryAt,
  volumes: VolumesOfTables,
  handle: VolumeHandle,
): Promise<MessageHeaders | undefined> {
  const volume = volumes.get(table);
  if (!volume) return undefined;

  const entry = { source: await handle.open(volume), table, index };
  const bytes = readEnough(entry, {
    isEnough: holdsAllHeaders,
    readMore: () => readHead(entry, HEADER_LIMIT_BYTES),
  });

  return readMessageHeaders(bytes);
}

function readLive(path: string): MessageHeaders | undefined {
  try {
    const fd = openStored(path, {});
    try {
      return readFileHeaders(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // The live store moves while it is read.
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}
