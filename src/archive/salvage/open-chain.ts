import type { ArchiveState } from '../archive-state.js';
import type { Chain } from '../chain.js';
import type { ChainIndex } from '../chain-index.js';
import { partsOf } from '../completeness.js';
import { DamagedArchiveError } from '../../errors.js';
import { DeletedNames, HiddenNames, readDeleted } from '../hidden-names.js';
import { archiveName } from '../names.js';
import { DELETED_ENTRY } from '../summary.js';
import type { EntryTable } from '../zip/entry-table.js';
import { isReadFailure } from '../zip/source.js';
import { hasAllOf, isConsistent } from './judge-origin.js';
import { mendEntry } from './mend-entry.js';
import { type Missing, missingPart } from './missing.js';
import { openSalvaged, type SalvagedArchive } from './open-salvaged.js';
import { type SalvageControl, tableOf } from './prove-row.js';

/** A point in time of which everything is known that is left of its archives. No data are proven yet. */
export interface SalvagedChain {
  readonly chain: Chain;
  readonly index: ChainIndex;
  /** The archives of the storage, for what they may hold of what is damaged. */
  readonly states: readonly ArchiveState[];
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
}

/** The point that is opened, among the archives beside it. */
export interface ChainRequest {
  readonly states: readonly ArchiveState[];
  readonly point: ArchiveState;
  readonly passedOver: Chain['passedOver'];
  readonly control: SalvageControl;
}

/**
 * Opens an archive and the full below it, whatever both lack. A full that is gone, or is another one than the differential was
 * measured against, leaves what the differential holds.
 * @throws {DamagedArchiveError} where nothing is left of it
 */
export async function openChain(request: ChainRequest): Promise<SalvagedChain> {
  const { point, passedOver, states, control } = request;
  const { files } = point.facts;
  const own = await openSalvaged(files, control);

  if (isEmpty(own)) {
    throw new DamagedArchiveError(
      `nothing is left of ${archiveName(files.stem)}: no entry of it can be told`,
      { hints: ['Use another archive.'] },
    );
  }

  const found =
    files.type === 'differential'
      ? await openBase(states, own, control)
      : NO_BASE;
  const { base } = found;

  const deletions = base
    ? await readDeletions(own, base, control)
    : NO_DELETIONS;

  const archives = base ? [base, own] : [own];

  return {
    chain: {
      archives: archives.map(({ archive }) => archive.files),
      point,
      passedOver,
    },
    index: toIndex(point, archives, deletions),
    states,
    missing: [...archives, found, deletions].flatMap((part) => part.missing),
    notes: [...archives, found].flatMap(({ notes }) => notes),
  };
}

function toIndex(
  point: ArchiveState,
  archives: readonly SalvagedArchive[],
  { hidden, knowsDeletions }: Deletions,
): ChainIndex {
  const [base, last] =
    archives.length > 1 ? archives : [undefined, archives[0]];
  const facts = last?.facts ?? point.facts;
  const parts = partsOf(facts);

  return {
    archives,
    point: { ...point, facts, base: base?.facts, damage: [] },
    hidden,
    knowsDeletions,
    parts: parts && new Set(parts),
  };
}

function isEmpty({ archive }: SalvagedArchive): boolean {
  return archive.volumes.every(({ table }) => table.count === 0);
}

interface FoundBase {
  readonly base: SalvagedArchive | undefined;
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
}

const NO_BASE: FoundBase = { base: undefined, missing: [], notes: [] };

/** The full that a differential names; the newest before it where it names none that can be read. */
async function openBase(
  states: readonly ArchiveState[],
  own: SalvagedArchive,
  control: SalvageControl,
): Promise<FoundBase> {
  const { files, version } = own.facts;
  const state = findBase(states, own);

  if (!state) {
    const named = version?.base;
    const name = named === undefined ? 'its full' : archiveName(named);

    return withoutBase(own, name, 'it is not there');
  }

  const base = await openSalvaged(state.facts.files, control);
  const name = archiveName(state.facts.files.stem);
  if (isEmpty(base)) return withoutBase(own, name, 'nothing is left of it');

  const measured = `the full that ${archiveName(files.stem)} was measured against`;

  switch (await compareBase(base, version)) {
    case 'proven':
      return { base, missing: [], notes: [] };

    case 'guessed': {
      const note = `${measured} cannot be read from it: ${name}, the newest before it, is taken`;

      return { base, missing: [], notes: [note] };
    }

    case 'damaged': {
      const note = `that ${name} is ${measured} cannot be proven, because it is damaged`;

      return { base, missing: [], notes: [note] };
    }

    case 'another':
      return withoutBase(own, name, `it is not ${measured}`);
  }
}

function findBase(
  states: readonly ArchiveState[],
  { facts: { files, version } }: SalvagedArchive,
): ArchiveState | undefined {
  const named = version?.base;

  return states.findLast(({ facts }) =>
    named === undefined
      ? isFullBefore(facts.files, files.takenAt) && partsOf(facts) === undefined
      : facts.files.stem === named,
  );
}

/** Whether a full is the one that a differential was measured against: one that is whole and has another digest is not. */
async function compareBase(
  base: SalvagedArchive,
  version: SalvagedArchive['facts']['version'],
): Promise<'proven' | 'guessed' | 'damaged' | 'another'> {
  if (!version) return 'guessed';

  const { baseDigest } = version;
  if (baseDigest === undefined || base.archive.digest === baseDigest) {
    return 'proven';
  }

  const isDamaged =
    base.isInDoubt || base.missing.length > 0 || !(await isSound(base));

  return isDamaged ? 'damaged' : 'another';
}

/** Says whether nothing in an archive contradicts anything else in it. */
async function isSound({
  archive,
  facts: { summary },
}: SalvagedArchive): Promise<boolean> {
  if (!summary || !hasAllOf(archive.volumes, summary)) return false;

  const counts = [...(summary.mailboxes?.values() ?? [])];
  const messages = counts.reduce((sum, count) => sum + count, 0);
  if (messages !== (summary.messages ?? messages)) return false;

  for (const volume of archive.volumes) {
    if (!(await isConsistent(volume))) return false;
  }

  return true;
}

function isFullBefore(
  { type, takenAt }: ArchiveState['facts']['files'],
  time: Date,
): boolean {
  return type === 'full' && takenAt.getTime() <= time.getTime();
}

function withoutBase(
  { facts }: SalvagedArchive,
  name: string,
  fact: string,
): FoundBase {
  const { stem } = facts.files;
  const reason = `${fact}: only what ${archiveName(stem)} holds can be recovered, which is what had changed since`;

  return {
    base: undefined,
    missing: [missingPart('archive', { stem }, { name, reason })],
    notes: [],
  };
}

/** What a differential says of its full. */
interface Deletions extends Pick<ChainIndex, 'hidden' | 'knowsDeletions'> {
  readonly missing: readonly Missing[];
}

const NO_DELETIONS: Deletions = {
  hidden: undefined,
  knowsDeletions: true,
  missing: [],
};

/** The names of the base that are not of the point, as far as the differential still says so. */
async function readDeletions(
  own: SalvagedArchive,
  base: SalvagedArchive,
  control: SalvageControl,
): Promise<Deletions> {
  const deleted = await tryDeleted(own, base, control);
  if (deleted instanceof DeletedNames) {
    const hidden = new HiddenNames(own, deleted);

    return { hidden, knowsDeletions: true, missing: [] };
  }

  const hidden = new HiddenNames(own, undefined);
  const isServers = deleted === undefined && !isOurs(own);
  if (isServers) return { hidden, knowsDeletions: false, missing: [] };

  const { stem } = own.facts.files;
  const reason =
    'which mail was deleted since the full is not known: what is recovered may hold mail that had been deleted';
  const list = missingPart('text', { stem }, { name: DELETED_ENTRY, reason });

  return { hidden, knowsDeletions: true, missing: [list] };
}

/** The server's differentials have no such list. */
function isOurs({ facts: { version, summary } }: SalvagedArchive): boolean {
  return version?.tool !== undefined || summary?.volumes !== undefined;
}

async function tryDeleted(
  own: SalvagedArchive,
  base: SalvagedArchive,
  control: SalvageControl,
): Promise<DeletedNames | undefined | 'damaged'> {
  // What can be told of the base may be less than it had: its names set no limit.
  const limited = {
    files: base.archive.files,
    volumes: base.archive.volumes,
    lost: [true],
  };

  try {
    return await readDeleted(await withMendedList(own, control), limited);
  } catch (error) {
    const isDamaged = error instanceof DamagedArchiveError;
    if (!isDamaged && !isReadFailure(error)) throw error;

    return 'damaged';
  }
}

/** The archive with the list's own entry read by whichever of its headers is sound. */
async function withMendedList(
  own: SalvagedArchive,
  control: SalvageControl,
): Promise<SalvagedArchive> {
  const { archive } = own;
  const [first] = archive.volumes;
  const index = first ? indexOfList(first.table) : undefined;
  if (!first || index === undefined) return own;

  const row = await mendEntry(first, index, control);
  if (!row) return own;

  const table = tableOf(row, row.extentEnd);

  return { ...own, archive: { ...archive, volumes: [{ ...first, table }] } };
}

function indexOfList(table: EntryTable): number | undefined {
  const name = Buffer.from(DELETED_ENTRY);

  for (let index = 0; index < table.count; index++) {
    if (table.nameBytes(index).equals(name)) return index;
  }

  return undefined;
}
