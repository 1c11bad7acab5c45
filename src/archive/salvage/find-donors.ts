import { archiveName } from '../names.js';
import { type OpenVolume, openReadable } from '../open-archive.js';
import { DamagedArchiveError } from '../../errors.js';
import { floorDivide } from '../../platform/file-times.js';
import { plural } from '../../platform/units.js';
import { directoryRuns } from '../zip/directory-runs.js';
import { type EntryTable, TimePrecision } from '../zip/entry-table.js';
import { rowsOf, tableOfRows } from '../zip/entry-rows.js';
import { isReadFailure } from '../zip/source.js';
import type { ArchiveState } from '../archive-state.js';
import type { LostEntry } from './lost-entry.js';
import type { SalvagedChain } from './open-chain.js';
import { isProven, type SalvageControl } from './prove-row.js';

/** What other archives have of what one has lost. */
export interface Donors {
  /** Volumes that hold just that, by the stem of the archive that lacks it. */
  readonly volumes: ReadonlyMap<string, readonly OpenVolume[]>;
  readonly rest: readonly LostEntry[];
  readonly notes: readonly string[];
}

/**
 * Looks in the other archives of the storage, the nearest in time first, for files of the same name, size, time and
 * checksum that are sound there.
 */
export async function findDonors(
  { states, chain }: SalvagedChain,
  lost: readonly LostEntry[],
  control: SalvageControl,
): Promise<Donors> {
  const volumes = new Map<string, OpenVolume[]>();
  const notes: string[] = [];
  let rest = lost;

  for (const state of nearestFirst(states, chain.point)) {
    if (!rest.some(canBeReplaced)) break;

    const own = await openOther(state);
    if (!own) continue;

    const found = await matchesIn(own, rest, control);
    if (found.size === 0) continue;

    for (const [entry, donor] of found) {
      const known = volumes.get(entry.stem) ?? [];
      known.push(donor);
      volumes.set(entry.stem, known);
    }

    rest = rest.filter((entry) => !found.has(entry));
    notes.push(
      `${plural(found.size, 'damaged file')} taken from ${archiveName(state.facts.files.stem)}: name, size, time and checksum agree`,
    );
  }

  return { volumes: mergeVolumes(volumes), rest, notes };
}

/** A piece, or a name that is no safe one, is no file that another archive has. */
function canBeReplaced({ row, isPart }: LostEntry): boolean {
  return isPart !== true && row.piece === undefined && row.sizeBytes > 0;
}

function nearestFirst(
  states: readonly ArchiveState[],
  point: ArchiveState,
): ArchiveState[] {
  const { stem, takenAt } = point.facts.files;

  const distance = ({ facts }: ArchiveState): number => {
    const differenceMs = facts.files.takenAt.getTime() - takenAt.getTime();

    return Math.abs(differenceMs);
  };

  return states
    .filter(({ facts }) => facts.files.stem !== stem)
    .sort((a, b) => distance(a) - distance(b));
}

async function openOther({
  facts,
}: ArchiveState): Promise<readonly OpenVolume[] | undefined> {
  if (facts.unreadable) return undefined;

  try {
    const { volumes } = await openReadable(facts);

    return volumes;
  } catch (error) {
    const isDamaged = error instanceof DamagedArchiveError;
    if (isDamaged || isReadFailure(error)) {
      return undefined;
    }

    throw error;
  }
}

/** The entries of an archive that are what was lost, each as a volume of its own. */
async function matchesIn(
  volumes: readonly OpenVolume[],
  lost: readonly LostEntry[],
  control: SalvageControl,
): Promise<Map<LostEntry, OpenVolume>> {
  const wanted = byDirectory(lost.filter(canBeReplaced));
  const found = new Map<LostEntry, OpenVolume>();

  for (const volume of volumes) {
    const { table, file } = volume;

    for (const { prefix, start, end } of directoryRuns(table)) {
      const own = wanted.get(prefix);
      if (!own) continue;

      for (let index = start; index < end; index++) {
        const entry = own.get(table.name(index));
        if (!entry || found.has(entry)) continue;
        if (!isSame(entry, table, index)) continue;

        const single = table.gather([index]);
        if (await isProven(file, single, control)) {
          found.set(entry, { ...volume, table: single });
        }
      }
    }
  }

  return found;
}

function byDirectory(
  lost: readonly LostEntry[],
): Map<string, Map<string, LostEntry>> {
  const directories = new Map<string, Map<string, LostEntry>>();

  for (const entry of lost) {
    const name = Buffer.from(entry.row.name).toString('utf8');
    const slashAt = name.lastIndexOf('/', name.length - 2);
    const directory = name.slice(0, slashAt + 1);

    const own = directories.get(directory) ?? new Map<string, LostEntry>();
    own.set(name, entry);
    directories.set(directory, own);
  }

  return directories;
}

function isSame({ row }: LostEntry, table: EntryTable, index: number): boolean {
  if (table.size(index) !== row.sizeBytes) return false;
  if (table.crc(index) !== row.crc) return false;
  if (table.piece(index) !== undefined) return false;

  const lost = {
    ticks: row.mtimeTicks,
    precision: row.precision,
  };
  const found = {
    ticks: table.mtimeTicks(index),
    precision: table.precision(index),
  };

  return isSameTime(lost, found);
}

interface EntryTime {
  readonly ticks: bigint;
  readonly precision: TimePrecision;
}

/** As finely as both say it. */
function isSameTime(a: EntryTime, b: EntryTime): boolean {
  const precision = Math.min(a.precision, b.precision);
  if (precision === TimePrecision.tick) return a.ticks === b.ticks;

  const differenceSeconds = Math.abs(secondsOf(a) - secondsOf(b));

  return precision === TimePrecision.second
    ? differenceSeconds === 0
    : differenceSeconds <= 2;
}

function secondsOf({ ticks }: EntryTime): number {
  const seconds = floorDivide(ticks, 10_000_000n);

  return Number(seconds);
}

/** One volume for all that comes out of one file. */
function mergeVolumes(
  volumes: ReadonlyMap<string, readonly OpenVolume[]>,
): Map<string, OpenVolume[]> {
  const merged = new Map<string, OpenVolume[]>();

  for (const [stem, own] of volumes) {
    const ofFiles = mergeByFile(own);
    merged.set(stem, [...ofFiles]);
  }

  return merged;
}

function* mergeByFile(volumes: readonly OpenVolume[]): Generator<OpenVolume> {
  const groups = new Map<string, OpenVolume[]>();
  for (const volume of volumes) {
    const { name } = volume.file;
    const group = groups.get(name) ?? [];
    group.push(volume);
    groups.set(name, group);
  }

  for (const group of groups.values()) {
    const [first] = group;
    const rows = group.flatMap(({ table }) => [...rowsOf(table)]);
    if (first) yield { ...first, table: tableOfRows(rows) };
  }
}
