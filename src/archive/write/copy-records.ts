import { crc32 } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { holdsMessages } from '../../store/message-file.js';
import { isMessageAt } from '../entry-kind.js';
import { VolumeHandle } from '../volume-handle.js';
import { directoryRuns } from '../zip/directory-runs.js';
import { EntryDamage, entryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import { centralOf, HeaderPairs, ownRecordBytes } from '../zip/own-record.js';
import { checkedContent, readHeld } from '../zip/read-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_OFFSET_FIELD,
  FLAG_ENCRYPTED,
  METHOD_DEFLATED,
  METHOD_STORED,
} from '../zip/zip-format.js';
import type { TellBlock } from './block.js';
import type { BlockSlots } from './block-slots.js';
import { memoryFor, readStretches } from './copy-stretches.js';
import { faultOf, namesOf, parseRecords } from './copy-tasks.js';
import type {
  BlockMessage,
  CopyFault,
  CopyResult,
  CopyTask,
} from './pack-tasks.js';

/** Copies records of other archives into blocks: what lies side by side is read at once, and each record is proven. */
export class RecordCopier {
  readonly #volume = new VolumeHandle();

  /** @param content room for the content of the largest record, and a byte */
  constructor(
    private readonly slots: BlockSlots,
    private readonly content: Buffer,
    private readonly tell: TellBlock,
  ) {}

  async copy({ volume, central }: CopyTask): Promise<CopyResult> {
    const table = parseRecords(central);
    let source: RandomAccessSource;

    try {
      source = await this.#volume.open(volume);
    } catch (error) {
      return unread(table, error);
    }

    const slot = this.slots.take();
    const bytes = this.slots.bytes(slot);
    const records = memoryFor(table) ?? bytes;

    try {
      readStretches(source, table, records);
    } catch (error) {
      this.slots.release(slot);
      this.#volume.close();

      return unread(table, error);
    }

    // Before anything is inflated: nobody but the disk has a hand in what is copied.
    if (records !== bytes) bytes.set(records);

    return this.#handOver(
      slot,
      new CopiedBlock(bytes, records, table, this.content),
    );
  }

  #handOver(slot: number, block: CopiedBlock): CopyResult {
    block.prove();

    const message = block.toMessage(slot);
    // The task's own memory, which nobody asks any more.
    const memory = message.central.buffer as ArrayBuffer;
    if (message.entries > 0) this.tell(message, [memory]);
    else this.slots.release(slot);

    return {
      kind: 'copy',
      files: message.entries,
      storedBytes: message.lengthBytes,
      faults: block.faults,
    };
  }
}

/** The answer where nothing could be read: another reading may succeed, so nothing is said of the records. */
function unread(table: EntryTable, error: unknown): CopyResult {
  const reason = messageOf(error);
  const faults = namesOf(table).map((name) => ({
    name,
    reason,
    isDamage: false,
  }));

  return { kind: 'copy', files: 0, storedBytes: 0, faults };
}

/** Records in a slot, which are proven one after the other. The place of a damaged one is taken by those that follow. */
class CopiedBlock {
  readonly faults: CopyFault[] = [];
  /** In the memory of the task: those of damaged records are taken out. */
  readonly #central: Buffer;
  readonly #headers: HeaderPairs;
  #centralAt = 0;
  #from = 0;
  #at = 0;
  #entries = 0;
  #messages = 0;
  #sourceBytes = 0;

  /** @param records the same as `bytes`, or a copy that is inflated from: those stay where they are */
  constructor(
    private readonly bytes: Buffer,
    private readonly records: Buffer,
    private readonly table: EntryTable,
    private readonly content: Buffer,
  ) {
    this.#central = centralOf(table);
    this.#headers = new HeaderPairs(records, this.#central);
  }

  prove(): void {
    for (const { prefix, start, end } of directoryRuns(this.table)) {
      const isInMail = holdsMessages(prefix);
      for (let index = start; index < end; index++) this.#add(index, isInMail);
    }
  }

  toMessage(slot: number): BlockMessage {
    return {
      slot,
      lengthBytes: this.#at,
      crc: crc32(this.bytes.subarray(0, this.#at)),
      central: this.#central.subarray(0, this.#centralAt),
      entries: this.#entries,
      messages: this.#messages,
      sourceBytes: this.#sourceBytes,
    };
  }

  #add(index: number, isInMail: boolean): void {
    const { table } = this;
    const from = this.#from;
    const end = from + ownRecordBytes(table, index);
    const damage = this.#findDamage(from, end, index);

    this.#from = end;

    if (damage) {
      this.faults.push(faultOf(table.name(index), damage));
      return;
    }

    this.#entries++;
    this.#sourceBytes += table.size(index);
    if (isMessageAt(table, index, isInMail)) this.#messages++;
    // Nothing is asked of the entry from here on: what follows may lie over its header.
    this.#keepHeader(index);

    if (from !== this.#at) this.bytes.copyWithin(this.#at, from, end);
    this.#at += end - from;
  }

  #keepHeader(index: number): void {
    const central = this.#central;
    const to = this.#centralAt;
    const from = this.table.nameStart(index) - CENTRAL_FIXED_BYTES;
    const length = centralHeaderLength(central, from);

    if (from !== to) central.copyWithin(to, from, from + length);

    central.writeUInt32LE(this.#at, to + CENTRAL_OFFSET_FIELD);
    this.#centralAt += length;
  }

  #findDamage(
    from: number,
    end: number,
    index: number,
  ): EntryDamage | undefined {
    const { records, table, content } = this;

    try {
      if (!this.#hasSoundHeaders(from, index)) {
        readHeld(records.subarray(from, end), table, index, content);

        return entryDamage.headersDiffer('time');
      }

      const dataStart = end - table.compressedSize(index);
      checkedContent(records.subarray(dataStart, end), table, index, content);

      return undefined;
    } catch (error) {
      if (error instanceof EntryDamage) return error;

      throw error;
    }
  }

  /** Says whether nothing can be wrong but the data. */
  #hasSoundHeaders(from: number, index: number): boolean {
    const { table } = this;
    const method = table.method(index);
    const isStored = method === METHOD_STORED;
    const centralAt = table.nameStart(index) - CENTRAL_FIXED_BYTES;

    return (
      (isStored
        ? table.compressedSize(index) === table.size(index)
        : method === METHOD_DEFLATED) &&
      (table.flags(index) & FLAG_ENCRYPTED) === 0 &&
      this.#headers.areEqual(from, centralAt)
    );
  }
}
