import type { Component } from '../store/components.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import { wholeName } from '../archive/entry-names.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { isMessageAt } from '../archive/entry-kind.js';
import {
  type EntryPlace,
  placeOf,
  sharedPlaceOf,
} from '../store/entry-place.js';
import type { OpenVolume } from '../archive/open-archive.js';
import type { Selection } from '../archive/read/read-archive.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { partsOf } from '../archive/completeness.js';
import { isOwnText } from '../archive/summary.js';
import { holdsMessages, isMessagePath } from '../store/message-file.js';
import { checkChain } from '../archive/check-chain.js';
import {
  checkSelected,
  checkStructure,
  type StructureReport,
} from '../archive/check-structure.js';
import { describeLost } from '../archive/damage.js';
import { type ReadArchive, readArchive } from '../archive/verify.js';
import { DamagedArchiveError } from '../errors.js';
import type { Chain } from './chain.js';
import {
  type HiddenNames,
  namesOf,
  readDeleted,
} from '../archive/hidden-names.js';
import { toReadError } from './read-error.js';

/** What of a chain belongs to its point in time. */
export interface ChainEntries {
  readonly selections: readonly Selection[];
  /** The top-level names that the point holds, by area: `mail`, `mailserver.cfg`. */
  readonly tops: readonly {
    readonly area: 'store' | 'install';
    readonly name: string;
    readonly component: Component;
    /** What its files take on a disk: each rounded up to a block, directories included. */
    readonly diskBytes: number;
    readonly files: number;
  }[];
  readonly files: number;
  readonly messages: number;
  readonly bytes: number;
  /** Entries that belong to no part of a mail server. */
  readonly foreign: readonly string[];
  /** Names that Windows could not hold. */
  readonly windowsNames: readonly string[];
  /** False for a differential that the server wrote: it does not say what was deleted. */
  readonly knowsDeletions: boolean;
  /** What the archives say of themselves and is not so, where nothing is damaged for it. */
  readonly warnings: readonly string[];
}

const BLOCK_BYTES = 4096;

/**
 * Decides what is wanted of one directory of an archive, given with its `/`: all of it, nothing, or a choice by an
 * entry's name (a subdirectory's own entry ends in `/`). Asked once a directory: a million entries share few.
 */
export type EntryFilter = (
  prefix: string,
) => boolean | NameFilter | { readonly directories: NameFilter };

type NameFilter = (name: string) => boolean;

/** A chain whose central directories have been read. */
export interface OpenChain {
  readonly archives: readonly ReadArchive[];
  readonly point: ArchiveState;
  /** What the differential decides about its base's entries, by directory. */
  readonly hidden: HiddenNames | undefined;
  readonly knowsDeletions: boolean;
  /** What the point's archive was limited to: the rest of its base is not of its moment. Undefined: everything. */
  readonly parts: ReadonlySet<string> | undefined;
}

/** @throws {DamagedArchiveError} when the structure of an archive is broken */
export async function openChain(chain: Chain): Promise<OpenChain> {
  const archives: ReadArchive[] = [];
  for (const files of chain.archives) {
    archives.push(
      await readArchive(files).catch((error: unknown) => {
        throw toReadError(error);
      }),
    );
  }

  const { point } = chain;
  const [base, last] = archives;
  const own = partsOf(point.facts);
  const parts = own && new Set(own);
  if (!base || !last) {
    return { archives, point, hidden: undefined, knowsDeletions: true, parts };
  }

  refuseOtherBase(base, last);

  const deleted = await readDeleted(last, base.archive);

  return {
    archives,
    point,
    hidden: namesOf(last, deleted ?? []),
    knowsDeletions: deleted !== undefined,
    parts,
  };
}

/** A base that lacks a volume still has to be the one that the differential names. */
function refuseOtherBase(
  { archive }: ReadArchive,
  { facts }: ReadArchive,
): void {
  const named = facts.version?.baseDigest;
  if (
    named === undefined ||
    archive.digest === named ||
    archive.lost.length === 0
  ) {
    return;
  }

  throw new DamagedArchiveError(
    `${archive.lost.map(describeLost).join(', ')}: whether ${archive.files.stem}.zip is the full that ${facts.files.stem}.zip was measured against cannot be proven`,
    {
      hints: [
        'Put that volume back beside the others, or recover from another archive.',
      ],
    },
  );
}

/**
 * The entries of a chain's point: those of the differential, and of its base what is neither newer there nor deleted.
 * They are checked before any is read: all of the archives' where everything may be wanted, else those that are chosen,
 * so that one folder out of a million messages costs what one folder costs.
 * @throws {DamagedArchiveError} naming an entry that no safe tool would recover
 */
export function selectFrom(
  chain: OpenChain,
  wants: EntryFilter,
  isPart: boolean,
): ChainEntries {
  const tally = new Tally(wants, chain.parts);
  const last = chain.archives.at(-1);
  const reports: StructureReport[] = [];

  for (const opened of chain.archives) {
    const { archive, facts } = opened;
    const hidden = opened === last ? undefined : chain.hidden;

    const whole =
      isPart || archive.lost.length > 0
        ? undefined
        : checkStructure(archive, facts);

    const chosen = archive.volumes.map((volume) =>
      tally.addVolume(volume, hidden),
    );

    reports.push(whole ?? checkSelected(archive, chosen));
  }

  const [base] = chain.archives;
  const isWhole =
    !isPart && chain.archives.every(({ archive }) => archive.lost.length === 0);

  if (isWhole && base && last && chain.hidden) {
    checkChain(base.archive, last.archive, chain.hidden);
  }

  return tally.finish(reports, chain.knowsDeletions);
}

/** The same without a check, to look what there is; nothing may be read of it before `checkChosen`. */
export function selectUnchecked(
  chain: OpenChain,
  wants: EntryFilter,
): readonly Selection[] {
  const tally = new Tally(wants, chain.parts);
  const last = chain.archives.at(-1);

  for (const opened of chain.archives) {
    const hidden = opened === last ? undefined : chain.hidden;
    for (const volume of opened.archive.volumes) {
      tally.addVolume(volume, hidden);
    }
  }

  return tally.finish([], chain.knowsDeletions).selections;
}

/** @throws {DamagedArchiveError} naming an entry among the chosen that no safe tool would read */
export function checkChosen(
  chain: OpenChain,
  selections: readonly Selection[],
): void {
  for (const { archive } of chain.archives) {
    const indicesOf = ({ table }: OpenVolume): readonly number[] =>
      selections
        .filter((selection) => selection.table === table)
        .flatMap(({ indices }) => indices);

    checkSelected(archive, archive.volumes.map(indicesOf));
  }
}

type Top = ChainEntries['tops'][number] & {
  diskBytes: number;
  files: number;
};

class Tally {
  readonly #selections: Selection[] = [];
  readonly #tops = new Map<string, Top>();
  readonly #foreign: string[] = [];
  #files = 0;
  #messages = 0;
  #bytes = 0;

  constructor(
    private readonly wants: EntryFilter,
    private readonly parts: ReadonlySet<string> | undefined,
  ) {}

  /** Adds what is wanted of a volume; returns the indices. */
  addVolume(
    { file, table }: OpenVolume,
    hidden: HiddenNames | undefined,
  ): readonly number[] {
    const indices: number[] = [];
    for (const run of directoryRuns(table)) {
      const wanted = this.wants(run.prefix);
      if (wanted === false) continue;

      const shared = sharedPlaceOf(run.prefix);
      if (this.#isOfOtherPart(shared)) continue;

      if (typeof wanted === 'object') {
        this.#addDirectories(table, run, wanted.directories, hidden, indices);
        continue;
      }

      const top = shared && this.#topOf(shared);
      const hiddenNames = hidden?.get(run.prefix);
      const isInMail = holdsMessages(run.prefix);

      for (let index = run.start; index < run.end; index++) {
        if (top && wanted === true && !hiddenNames && !table.part(index)) {
          this.#count(top, table, index, isMessageAt(table, index, isInMail));
        } else if (!this.#addByName(table, index, { wanted, hiddenNames })) {
          continue;
        }

        indices.push(index);
      }
    }

    this.#selections.push({ volume: file, table, indices });

    return indices;
  }

  finish(
    reports: readonly StructureReport[],
    knowsDeletions: boolean,
  ): ChainEntries {
    return {
      selections: this.#selections,
      tops: [...this.#tops.values()],
      files: this.#files,
      messages: this.#messages,
      bytes: this.#bytes,
      foreign: this.#foreign,
      windowsNames: reports.flatMap(({ windowsNames }) => windowsNames),
      warnings: reports.flatMap(({ warnings }) => warnings),
      knowsDeletions,
    };
  }

  // eslint-disable-next-line max-params -- one call, in the loop over a million entries
  #addDirectories(
    table: EntryTable,
    { prefix, start, end }: DirectoryRun,
    wanted: NameFilter,
    hidden: HiddenNames | undefined,
    indices: number[],
  ): void {
    for (let index = start; index < end; index++) {
      if (!table.isDirectory(index)) continue;

      if (
        this.#addByName(table, index, {
          wanted,
          hiddenNames: hidden?.get(prefix),
        })
      ) {
        indices.push(index);
      }
    }
  }

  #addByName(
    table: EntryTable,
    index: number,
    {
      wanted,
      hiddenNames,
    }: {
      wanted: true | ((name: string) => boolean);
      hiddenNames: ReadonlySet<string> | undefined;
    },
  ): boolean {
    const part = table.part(index);
    const name = part ? wholeName(table.name(index)) : table.name(index);
    if (hiddenNames?.has(name) === true) return false;

    const place = placeOf(name);
    if (!place) {
      if (!isOwnText(name)) this.#foreign.push(name);
      return false;
    }

    if (this.#isOfOtherPart(place)) return false;
    if (wanted !== true && !wanted(name)) return false;

    this.#count(
      this.#topOf(place),
      table,
      index,
      isMessagePath(name) && (part?.index ?? 0) === 0,
    );

    return true;
  }

  #isOfOtherPart(place: EntryPlace | undefined): boolean {
    return place !== undefined && this.parts?.has(place.component) === false;
  }

  #topOf({ area, component, path }: EntryPlace): Top {
    const name = path.split('/', 1)[0] ?? '';
    const key = `${area}/${name}`;

    const known = this.#tops.get(key) ?? {
      area,
      name,
      component,
      diskBytes: 0,
      files: 0,
    };

    this.#tops.set(key, known);

    return known;
  }

  #count(top: Top, table: EntryTable, index: number, isMessage: boolean): void {
    const size = table.size(index);
    const isDirectory = table.isDirectory(index);

    this.#bytes += size;
    top.diskBytes +=
      Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES +
      (isDirectory ? BLOCK_BYTES : 256);
    if (!isDirectory && (table.part(index)?.index ?? 0) === 0) {
      this.#files++;
      top.files++;
    }

    if (isMessage) this.#messages++;
  }
}
