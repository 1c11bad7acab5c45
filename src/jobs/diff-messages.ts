/** The messages that a comparison lists one by one, with their headers where these are asked for. */
import { ArchivedFiles } from '../archive/point-files.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { type FileAt, sizeOf } from '../archive/file-list.js';
import {
  type ChangedMessage,
  MESSAGE_CHANGES,
  type MessageChange,
} from '../diff/mail-changes.js';
import { readAllHeaders } from '../diff/read-headers.js';
import type { MessageHeaders } from '../mail/message-headers.js';
import { plural } from '../platform/units.js';
import { checkChosen } from '../recover/select-entries.js';
import { folderNameOf, messageNameOf } from '../store/mail-names.js';
import type { DiffMoment, PointMoment } from './diff-moments.js';

/** A message that is not the same. */
export interface ListedMessage {
  readonly change: MessageChange;
  /** The argument of `recover --message`: `example.com/alice/INBOX/0000000a`. */
  readonly name: string;
  /** Its folder with its mailbox. */
  readonly folder: string;
  /** The name that it had; undefined but where it was moved. */
  readonly nameBefore: string | undefined;
  /** Of a deleted one what it had. */
  readonly sizeBytes: number;
  /** Undefined for a new one. */
  readonly sizeBefore: number | undefined;
  /** Undefined where nobody asked for it, or it cannot be read. */
  readonly headers: MessageHeaders | undefined;
}

/** Messages in the order of their folders, and in each by what came of them. */
export interface Listing {
  readonly messages: readonly ListedMessage[];
  readonly warnings: readonly string[];
}

/**
 * Lists messages.
 * @throws {DamagedArchiveError} naming an entry that no safe tool would read
 */
export async function listMessages(
  changed: Iterable<ChangedMessage>,
  moments: readonly DiffMoment[],
  readsHeaders: boolean,
): Promise<Listing> {
  const messages: ListedMessage[] = [];
  const files: FileAt[] = [];

  for (const message of changed) {
    messages.push(toListed(message));
    if (readsHeaders) files.push(message.file);
  }

  if (!readsHeaders) return { messages: messages.sort(byFolder), warnings: [] };

  const headers = await headersOf(files, moments);
  const unread = headers.filter((one) => one === undefined).length;

  return {
    messages: messages
      .map((message, place) => ({ ...message, headers: headers[place] }))
      .sort(byFolder),
    warnings:
      unread === 0
        ? []
        : [`the headers of ${plural(unread, 'message')} cannot be read`],
  };
}

async function headersOf(
  files: readonly FileAt[],
  moments: readonly DiffMoment[],
): Promise<(MessageHeaders | undefined)[]> {
  const points = moments.filter((moment) => moment.kind === 'point');

  for (const point of points) checkEntries(point, files);

  const volumes = points.flatMap(({ index }) =>
    index.archives.flatMap(({ archive }) => archive.volumes),
  );

  return readAllHeaders(
    files,
    new Map(volumes.map(({ table, file }) => [table, file])),
  );
}

/** Nothing is read that `recover` would refuse. */
function checkEntries({ index }: PointMoment, files: readonly FileAt[]): void {
  const indices = new Map<EntryTable, number[]>();

  for (const { files: own, at } of files) {
    if (!(own instanceof ArchivedFiles)) continue;

    const entry = own.entryAt(at);
    const known = indices.get(entry.table) ?? [];
    indices.set(entry.table, known);
    known.push(entry.index);
  }

  const selections = index.archives
    .flatMap(({ archive }) => archive.volumes)
    .map(({ table, file }) => ({
      volume: file,
      table,
      indices: indices.get(table) ?? [],
    }));

  checkChosen(index, selections);
}

function toListed({
  change,
  path,
  file,
  before,
}: ChangedMessage): ListedMessage {
  return {
    change,
    name: messageNameOf(path),
    folder: folderNameOf(path),
    nameBefore:
      change === 'moved' && before ? messageNameOf(before.path) : undefined,
    sizeBytes: sizeOf(file),
    sizeBefore: before && sizeOf(before.file),
    headers: undefined,
  };
}

function byFolder(a: ListedMessage, b: ListedMessage): number {
  if (a.folder !== b.folder) return a.folder < b.folder ? -1 : 1;

  const order =
    MESSAGE_CHANGES.indexOf(a.change) - MESSAGE_CHANGES.indexOf(b.change);

  return order || (a.name < b.name ? -1 : 1);
}
