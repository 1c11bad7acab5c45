import { type ChainIndex, withVolumes } from '../chain-index.js';
import { findFieldFault } from '../check-entries.js';
import { findEntryFault } from '../entry-names.js';
import type { OpenVolume } from '../open-archive.js';
import { readSelections, type Selection } from '../read/read-archive.js';
import { EntryRows, type PlacedRow, tableOfRows } from '../zip/entry-rows.js';
import type { EntryTable } from '../zip/entry-table.js';
import { dropClashes } from './drop-clashes.js';
import { findDonors } from './find-donors.js';
import type { LostEntry } from './lost-entry.js';
import { mendEntry } from './mend-entry.js';
import { type Missing, missingEntry } from './missing.js';
import type { SalvagedChain } from './open-chain.js';
import type { SalvageControl } from './prove-row.js';

/** What is left of a point in time: every entry of it is proven. */
export interface SoundChain {
  readonly index: ChainIndex;
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
}

/**
 * Reads every wanted entry and leaves out what is damaged, or no safe tool would recover. What another archive of the
 * storage has of that takes its place.
 */
export async function keepSound(
  salvaged: SalvagedChain,
  selections: readonly Selection[],
  control: SalvageControl,
): Promise<SoundChain> {
  const notes: string[] = [];
  const lost: LostEntry[] = [];
  const kept = new Map<EntryTable, EntryTable>();
  const doubts = await findDoubts(selections, control);

  for (const selection of selections) {
    const sorter = new Sorter(salvaged.index, selection, doubts, control);

    kept.set(selection.table, await sorter.run());
    lost.push(...sorter.lost);
    notes.push(...sorter.notes);
  }

  const clean = dropClashes(replaceTables(salvaged.index, kept));
  const all = [...lost, ...clean.lost];
  const donors = await findDonors(salvaged, all, control);

  return {
    index: withDonors(clean.index, donors.volumes),
    missing: donors.rest.map(({ stem, volume, row, reason }) =>
      missingEntry(
        { stem, volume },
        Buffer.from(row.name).toString('utf8'),
        reason,
      ),
    ),
    notes: [...notes, ...donors.notes],
  };
}

/** The reasons why entries are in doubt, by volume and name. */
type Doubts = ReadonlyMap<string, ReadonlyMap<string, string>>;

async function findDoubts(
  selections: readonly Selection[],
  control: SalvageControl,
): Promise<Doubts> {
  const safe = selections.map((selection) => ({
    ...selection,
    indices: selection.indices.filter(
      (index) => findFault(selection.table, index) === undefined,
    ),
  }));

  const { problems, unread } = await readSelections(safe, {
    ...control,
    isTolerant: true,
    phase: 'salvaging',
  });

  const doubts = new Map<string, Map<string, string>>();
  const add = (volume: string, name: string, reason: string): void => {
    const own = doubts.get(volume) ?? new Map<string, string>();
    doubts.set(volume, own.set(name, reason));
  };

  for (const { volume, name, reason } of problems) add(volume, name, reason);
  // Of what the system would not read only the name is known: it is looked for in every volume.
  for (const { name, reason } of unread) {
    for (const { volume } of selections) add(volume.name, name, reason);
  }

  return doubts;
}

/** Why no safe tool would recover an entry, whatever its data are. */
function findFault(table: EntryTable, index: number): string | undefined {
  const fault = findEntryFault(table.name(index));

  return fault === undefined
    ? findFieldFault(table, index)
    : `it has ${fault} in its name`;
}

/** Sorts the wanted entries of one volume into sound and lost ones. */
class Sorter {
  readonly lost: LostEntry[] = [];
  readonly notes: string[] = [];
  readonly #rows = new EntryRows();
  readonly #doubts: ReadonlyMap<string, string>;
  readonly #stem: string;

  constructor(
    index: ChainIndex,
    private readonly selection: Selection,
    doubts: Doubts,
    private readonly control: SalvageControl,
  ) {
    this.#doubts = doubts.get(selection.volume.name) ?? new Map();
    this.#stem = stemOf(index, selection.table);
  }

  async run(): Promise<EntryTable> {
    const { table, indices } = this.selection;

    for (const index of indices) {
      const extentEnd = table.extentEnd(index);
      const fault = findFault(table, index);
      const doubt =
        this.#doubts.size === 0
          ? undefined
          : this.#doubts.get(table.name(index));

      const reason = fault ?? doubt;

      if (reason !== undefined) await this.#mend(index, reason);
      else this.#rows.add({ ...table.rowAt(index), extentEnd });
    }

    return this.#rows.build();
  }

  /** What is damaged, or nobody would recover, may be so in one of two headers. */
  async #mend(index: number, reason: string): Promise<void> {
    const { volume: file, table } = this.selection;
    const row = await mendEntry({ file, table }, index, this.control);

    if (row && findFault(tableOfRows([row]), 0) === undefined) {
      this.#rows.add(row);
      this.#note(row, index);
      return;
    }

    const own = table.rowAt(index);

    this.lost.push({
      stem: this.#stem,
      volume: file.name,
      row: { ...own, extentEnd: table.extentEnd(index) },
      reason,
    });
  }

  #note(row: PlacedRow, index: number): void {
    const { table, volume } = this.selection;

    if (row.mode === 0 && table.mode(index) !== 0) {
      this.notes.push(
        `what ${JSON.stringify(table.name(index))} in ${volume.name} is, its damaged header does not say: it is recovered as a file`,
      );
    }
  }
}

function stemOf({ archives }: ChainIndex, table: EntryTable): string {
  const own = archives.find(({ archive }) =>
    archive.volumes.some((volume) => volume.table === table),
  );

  return own?.archive.files.stem ?? '';
}

/** The chain with other tables; a volume of which nothing is wanted has an empty one. */
function replaceTables(
  index: ChainIndex,
  tables: ReadonlyMap<EntryTable, EntryTable>,
): ChainIndex {
  const nothing = tableOfRows([]);

  return withVolumes(index, ({ volumes }) =>
    volumes.map((volume) => ({
      ...volume,
      table: tables.get(volume.table) ?? nothing,
    })),
  );
}

/** What other archives hold stands beside the volumes of the archive that lacks it. */
function withDonors(
  index: ChainIndex,
  donors: ReadonlyMap<string, readonly OpenVolume[]>,
): ChainIndex {
  return withVolumes(index, ({ files, volumes }) => [
    ...volumes,
    ...(donors.get(files.stem) ?? []),
  ]);
}
