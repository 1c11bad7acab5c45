import { crc32 } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { holdsMessages } from '../../store/message-file.js';
import { isMessageAt } from '../entry-kind.js';
import { VolumeHandle } from '../volume-handle.js';
import { directoryRuns } from '../zip/directory-runs.js';
import { EntryDamage, entryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import {
  hasEqualHeaders,
  ownCentralHeader,
  ownRecordBytes,
} from '../zip/own-record.js';
import { readHeld } from '../zip/read-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import { CENTRAL_OFFSET_FIELD } from '../zip/zip-format.js';
import type { TellBlock } from './block.js';
import type { BlockSlots } from './block-slots.js';
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

    try {
      readStretches(source, table, bytes);
    } catch (error) {
      this.slots.release(slot);
      this.#volume.close();

      return unread(table, error);
    }

    return this.#handOver(slot, new CopiedBlock(bytes, table, this.content));
  }

  #handOver(slot: number, block: CopiedBlock): CopyResult {
    block.prove();

    const message = block.toMessage(slot);
    if (message.entries > 0) this.tell(message, []);
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

/** Lays the records end to end, those that lie side by side by one read. */
function readStretches(
  source: RandomAccessSource,
  table: EntryTable,
  into: Buffer,
): void {
  let to = 0;

  for (let index = 0; index < table.count;) {
    const offset = table.headerOffset(index);
    let end = table.extentEnd(index);

    index++;
    while (index < table.count && table.headerOffset(index) === end) {
      end = table.extentEnd(index);
      index++;
    }

    source.readInto(into.subarray(to, to + end - offset), offset);
    to += end - offset;
  }
}

/** Records in a slot, which are proven one after the other. The place of a damaged one is taken by those that follow. */
class CopiedBlock {
  readonly faults: CopyFault[] = [];
  readonly #central: Buffer;
  #centralAt = 0;
  #from = 0;
  #at = 0;
  #entries = 0;
  #messages = 0;
  #sourceBytes = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly table: EntryTable,
    private readonly content: Buffer,
  ) {
    this.#central = Buffer.allocUnsafeSlow(table.names.length);
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
    const length = ownRecordBytes(table, index);
    const from = this.#from;
    this.#from += length;

    const central = ownCentralHeader(table, index);
    const record = this.bytes.subarray(from, from + length);
    const damage = this.#findDamage(record, central, index);

    if (damage) {
      this.faults.push(faultOf(table.name(index), damage));
      return;
    }

    if (from !== this.#at) this.bytes.copyWithin(this.#at, from, from + length);

    this.#central.set(central, this.#centralAt);
    this.#central.writeUInt32LE(
      this.#at,
      this.#centralAt + CENTRAL_OFFSET_FIELD,
    );
    this.#centralAt += central.length;
    this.#at += length;
    this.#entries++;
    this.#sourceBytes += table.size(index);
    if (isMessageAt(table, index, isInMail)) this.#messages++;
  }

  #findDamage(
    record: Buffer,
    central: Buffer,
    index: number,
  ): EntryDamage | undefined {
    try {
      readHeld(record, this.table, index, this.content);

      return hasEqualHeaders(record, central)
        ? undefined
        : entryDamage.headersDiffer('time');
    } catch (error) {
      if (error instanceof EntryDamage) return error;

      throw error;
    }
  }
}
