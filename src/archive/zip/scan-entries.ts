import { Turns } from '../../platform/turns.js';
import { refuseLongCentralDirectory } from './central-headers.js';
import { EntryRows } from './entry-rows.js';
import type { EntryRow, EntryTable } from './entry-table.js';
import {
  type LocalEntry,
  localHeaderLengthAt,
  parseLocalEntry,
} from './local-row.js';
import { SlidingWindow } from './sliding-window.js';
import type { RandomAccessSource } from './source.js';
import type { Witnesses } from './witnesses.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  LOCAL_FIXED_BYTES,
  LOCAL_SIGNATURE,
} from './zip-format.js';

/**
 * Finding the entries of a volume by their local headers, where its central directory cannot be read. The walk goes from entry to
 * entry by their sizes, and so never looks into data: a zip file that lies in a message is none of its entries. Only where the
 * walk breaks, because a header is damaged, it looks for the next local header; such a one counts when a central header
 * names it, or when its data are proven and the entries that follow it lead on, out of whatever it may lie in.
 */

export interface ScanRules {
  readonly witnesses: Witnesses;
  /** Says whether such a name is one that the volume may hold. */
  isPlausible(name: string): boolean;
  /** Says whether its data have the size and the checksum of the row. */
  proves(row: EntryRow, dataEnd: number): Promise<boolean>;
}

export interface ScannedEntries {
  /** In the order of their places, each with the end of its data; some may be damaged. */
  readonly tables: readonly EntryTable[];
  /** The walk came to the end of all entries and met no damaged header. */
  readonly isUnbroken: boolean;
}

/**
 * Finds every entry whose local header can be told from the data around it.
 * @throws {DamagedArchiveError} where there are more than any volume has
 */
export async function scanEntries(
  source: RandomAccessSource,
  rules: ScanRules,
): Promise<ScannedEntries> {
  return new Scan(source, rules).run();
}

/** Entries that follow each other without a gap, and what comes after the last one. */
interface EntryChain {
  readonly rows: EntryRows;
  readonly start: number;
  readonly last: LocalEntry | undefined;
  /** A central header names one of them. */
  readonly isWitnessed: boolean;
  /** Where the next header should be. */
  readonly end: number;
  /** `cut off`: beyond the end of the volume. */
  readonly follows: 'central directory' | 'nothing' | 'damage' | 'cut off';
}

/** The place from which the next header is looked for. */
interface Gap {
  readonly from: number;
  /** The end of a damaged entry's data, if its size is right: what lies before may be its content. */
  readonly dataEnd: number;
}

const SIGNATURE = Buffer.alloc(4);
SIGNATURE.writeUInt32LE(LOCAL_SIGNATURE);

class Scan {
  readonly #window: SlidingWindow;
  readonly #turns = new Turns();
  readonly #end: number;
  /** A central directory of what was found would have as many bytes. */
  #foundBytes = 0;

  constructor(
    private readonly source: RandomAccessSource,
    private readonly rules: ScanRules,
  ) {
    this.#window = new SlidingWindow(source);
    this.#end = source.sizeBytes;
  }

  async run(): Promise<ScannedEntries> {
    const tables: EntryTable[] = [];
    let chain: EntryChain | undefined = await this.#follow(0);
    let isUnbroken = true;

    while (chain) {
      tables.push(chain.rows.build());
      if (chain.follows === 'central directory') return { tables, isUnbroken };

      isUnbroken = false;
      const gap = await this.#gapAfter(chain);
      chain = gap && (await this.#findChain(gap));
    }

    return { tables, isUnbroken: false };
  }

  /** Goes from one entry to the next as long as one follows the other. */
  async #follow(start: number): Promise<EntryChain> {
    const rows = new EntryRows();
    let last: LocalEntry | undefined;
    let isWitnessed = false;
    let at = start;

    for (;;) {
      await this.#turns.pass();
      const entry = await this.#readEntry(at);
      if (!entry) break;

      this.#count(entry);
      rows.add({ ...entry.row, extentEnd: entry.dataEnd });
      isWitnessed ||= this.#hasWitness(entry);
      last = entry;
      at = entry.dataEnd;
    }

    const follows = await this.#whatIsAt(at);

    return { rows, start, last, isWitnessed, end: at, follows };
  }

  /** @throws {DamagedArchiveError} as for a central directory of that many entries */
  #count({ row }: LocalEntry): void {
    this.#foundBytes += CENTRAL_FIXED_BYTES + row.name.length;
    refuseLongCentralDirectory(this.source.name, this.#foundBytes);
  }

  async #readEntry(at: number): Promise<LocalEntry | undefined> {
    const fixed = await this.#window.at(at, LOCAL_FIXED_BYTES);
    const length = localHeaderLengthAt(fixed);
    if (length === undefined) return undefined;

    return parseLocalEntry(await this.#window.at(at, length), at);
  }

  async #whatIsAt(at: number): Promise<EntryChain['follows']> {
    if (at > this.#end) return 'cut off';
    if (at === this.#end) return 'nothing';

    const bytes = await this.#window.at(at, 4);
    const isCentral =
      bytes.length === 4 && bytes.readUInt32LE(0) === CENTRAL_SIGNATURE;

    return isCentral ? 'central directory' : 'damage';
  }

  /** Where the search goes on behind a chain; undefined where nothing that follows can be told from data. */
  async #gapAfter({
    last,
    end,
    follows,
  }: EntryChain): Promise<Gap | undefined> {
    if (follows === 'nothing') return undefined;
    if (!last) return { from: end + 1, dataEnd: end + 1 };

    const inside = last.row.headerOffset + last.dataOffset;
    const isSizeRight = this.#hasWitness(last);

    if (follows === 'cut off') {
      // Without a central directory the volume ends in the middle of this entry.
      const isCut = isSizeRight || this.rules.witnesses.table.count === 0;

      return isCut ? undefined : { from: inside, dataEnd: Infinity };
    }

    const isWhole =
      isSizeRight || (await this.rules.proves(last.row, last.dataEnd));

    return { from: isWhole ? end : inside, dataEnd: end };
  }

  async #findChain({ from, dataEnd }: Gap): Promise<EntryChain | undefined> {
    let at = from;

    for (;;) {
      const offset = await this.#window.find(SIGNATURE, at, this.#end);
      if (offset === undefined) return undefined;

      await this.#turns.pass();
      const first = await this.#readEntry(offset);
      at = offset + 1;
      if (!first || !(await this.#isCandidate(first))) continue;

      const chain = await this.#follow(offset);
      if (this.#isReal(chain, dataEnd)) return chain;

      // What it led through are entries of something that lies in this volume.
      at = Math.max(at, Math.min(chain.end, this.#end));
    }
  }

  async #isCandidate(entry: LocalEntry): Promise<boolean> {
    if (this.#hasWitness(entry)) return true;
    if (entry.dataEnd > this.#end) return false;

    return (
      this.rules.isPlausible(Buffer.from(entry.row.name).toString('utf8')) &&
      (await this.rules.proves(entry.row, entry.dataEnd))
    );
  }

  /** Tells entries of the volume from those of a zip file that is the content of one of them. */
  #isReal(
    { start, isWitnessed, end, follows }: EntryChain,
    dataEnd: number,
  ): boolean {
    if (isWitnessed) return true;
    if (follows === 'central directory') {
      return end >= this.rules.witnesses.start;
    }

    return start >= dataEnd || end >= dataEnd;
  }

  /** Says whether a central header has seen the same entry at this place. */
  #hasWitness({ row }: LocalEntry): boolean {
    const { witnesses } = this.rules;
    const index = witnesses.of(row.headerOffset);

    return (
      index !== undefined &&
      witnesses.table.nameBytes(index).equals(row.name) &&
      witnesses.table.compressedSize(index) === row.compressedBytes
    );
  }
}
