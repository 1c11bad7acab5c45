import { SALVAGE_HINT } from '../archive/damage.js';
import { openAtOnce } from '../archive/volume-handle.js';
import { fileNameAt } from '../archive/entry-kind.js';
import { EntryDamage } from '../archive/zip/entry-damage.js';
import { readWhole } from '../archive/zip/read-entry.js';
import type { Selection } from '../archive/read/read-archive.js';
import { DamagedArchiveError } from '../errors.js';
import { msOfTicks } from '../platform/file-times.js';
import { type IndexRecord, parseIndexFld } from '../mail/index-fld.js';
import { folderNameOf, mailboxNameOf } from '../store/mail-names.js';
import { numberOfMessage } from '../store/message-file.js';
import { parseEntryPath, type StorePath } from '../store/store-path.js';
import type { ExportedMessage } from './exported-message.js';

interface ReadEntry {
  readonly place: StorePath;
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
}

/**
 * The selected messages with their flags, one after the other in the order of the archive.
 * @param indexes the index.fld entries of the folders
 * @throws {DamagedArchiveError} at the first message that is damaged: an export is whole or it is not made
 */
export async function* readMessages(
  messages: readonly Selection[],
  indexes: readonly Selection[],
): AsyncGenerator<ExportedMessage> {
  const flags = new FolderFlags(indexes);

  for await (const { place, bytes, modifiedAt } of readEntries(
    messages,
    false,
  )) {
    const name = place.file.slice(place.file.lastIndexOf('/') + 1);
    // An index names what lies in #msgs by the server's numbers; other mail has no flags.
    const number = place.isNumbered ? numberOfMessage(name) : undefined;
    const record = (await flags.of(place)).get(number ?? '');

    yield {
      mailbox: mailboxNameOf(place),
      folder: place.folder,
      name,
      bytes,
      modifiedAt: record?.receivedAt ?? modifiedAt,
      flags: record?.flags,
    };
  }
}

/** The flags of messages by folder, those of one folder at a time. */
class FolderFlags {
  readonly #indexes = new Map<string, Selection[]>();
  #folder: string | undefined;
  #records: ReadonlyMap<string, IndexRecord> = new Map();

  constructor(indexes: readonly Selection[]) {
    for (const { volume, table, indices } of indexes) {
      for (const index of indices) {
        const place = parseEntryPath(fileNameAt(table, index));
        if (!place) continue;

        const own = this.#indexes.get(folderNameOf(place)) ?? [];
        this.#indexes.set(folderNameOf(place), own);
        own.push({ volume, table, indices: [index] });
      }
    }
  }

  async of(place: StorePath): Promise<ReadonlyMap<string, IndexRecord>> {
    const folder = folderNameOf(place);
    if (folder === this.#folder) return this.#records;

    this.#folder = folder;
    this.#records = new Map();

    const own = this.#indexes.get(folder) ?? [];
    for await (const { bytes } of readEntries(own, true)) {
      this.#records = parseIndexFld(bytes.toString('latin1'));
    }

    return this.#records;
  }
}

/** @param isOptional damaged entries are passed over: an index.fld is rebuilt by every server */
async function* readEntries(
  selections: readonly Selection[],
  isOptional: boolean,
): AsyncGenerator<ReadEntry> {
  const pieces = new Map<string, Buffer[]>();
  for (const { volume, table, indices } of selections) {
    const source = await openAtOnce(volume);
    try {
      for (const index of indices) {
        const piece = table.piece(index);
        const name = fileNameAt(table, index);
        const place = parseEntryPath(name);
        const bytes =
          place &&
          readOne(() => readWhole({ source, table, index }), name, isOptional);
        if (!bytes) continue;

        const whole = piece ? joinPieces(pieces, name, bytes, piece) : bytes;
        const modifiedAt = new Date(msOfTicks(table.mtimeTicks(index)));

        if (whole) yield { place, bytes: whole, modifiedAt };
      }
    } finally {
      source.close();
    }
  }
}

/** The file of which this was the last piece; undefined while others are to come. */
function joinPieces(
  pieces: Map<string, Buffer[]>,
  name: string,
  bytes: Buffer,
  piece: { readonly index: number; readonly count: number },
): Buffer | undefined {
  const contents = pieces.get(name) ?? [];
  contents[piece.index] = bytes;
  pieces.set(name, contents);
  if (Object.keys(contents).length < piece.count) return undefined;

  pieces.delete(name);

  return Buffer.concat(contents);
}

function readOne(
  read: () => Buffer,
  name: string,
  isOptional: boolean,
): Buffer | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EntryDamage)) throw error;
    if (isOptional) return undefined;

    throw new DamagedArchiveError(
      `entry ${JSON.stringify(name)} is damaged: ${error.message}`,
      {
        hints: [
          'Use another archive; verify tells which are sound.',
          SALVAGE_HINT,
        ],
      },
    );
  }
}
