import { isJsonObject } from '../platform/own-file.js';

/** The journal of a recover, and what its file says. Pure. */

/** A directory or file that is replaced whole. */
export interface SwapUnit {
  readonly live: string;
  readonly staged: string;
  readonly old: string;
  /** The unit was there before. A unit that was missing must be missing again after a rollback. */
  readonly hadLive: boolean;
  /** False where the archive holds nothing of it: the old goes, nothing comes. */
  readonly hasNew: boolean;
  /** Its name in an archive; undefined in journals of earlier versions. */
  readonly entryName?: string | undefined;
}

/** A directory and its time. */
export interface TimedDirectory {
  readonly path: string;
  /** Ticks of 100 ns since 1970-01-01 UTC, in decimal. */
  readonly mtimeTicks: string;
}

const PHASES = [
  'swapping',
  'kept',
  'settled',
  'rolling-back',
  'emptied',
] as const;

export interface Journal {
  /** Tells the files that belong to this journal apart; empty in journals of earlier versions. */
  readonly id: string;
  readonly phase: (typeof PHASES)[number];
  readonly archive: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly units: readonly SwapUnit[];
  /** The old state stays after the swap. */
  readonly keepsOld: boolean;
  /** The old state was removed first: going back would leave nothing. */
  readonly isInPlace: boolean;
  /** Every staging directory of the recover, that of the journal too; they are removed at the end. */
  readonly stagingDirs: readonly string[];
  /** The request, to recognise the same call; empty in journals of earlier versions. */
  readonly call: string;
  /** The process that began it; 0 in journals of earlier versions. */
  readonly pid: number;
  /** Paths of replaced states that earlier recovers could not remove. */
  readonly leftovers: readonly string[];
  /** One more than that of every journal that was there in the same places: the highest is undone first; 0 in earlier versions. */
  readonly level: number;
  /** The directories in which something is swapped, as they were: a rollback gives them their times back. */
  readonly parents: readonly TimedDirectory[];
  /** The bytes of the state before, about; undefined in journals of earlier versions. */
  readonly oldBytes?: number | undefined;
  /** The list of what an additive recover adds, which swaps nothing; undefined in the journals of all others. */
  readonly added?: string | undefined;
}

/** The pointer to the journal, in a staging directory without it. */
export interface JournalPointer {
  /** The directory whose staging directory holds the journal. */
  readonly journalIn: string;
  /** Nothing is unfinished there: where that directory is lost, the kept state is lost with it, and nobody waits. */
  readonly isKept: boolean;
}

/** Says whether a journal only names messages that a rollback took away: there is nothing to swap. */
export function isOfMessages({ phase, units, added }: Journal): boolean {
  return phase === 'kept' && units.length === 0 && added === undefined;
}

/** Reads what a journal's file says; undefined where it says nothing that a recover has written. */
export function parseJournal(
  value: unknown,
): Journal | JournalPointer | undefined {
  if (!isJsonObject(value)) return undefined;

  const { journalIn, phase, archive, units, stagingDirs } = value;
  if (typeof journalIn === 'string' && journalIn !== '') {
    return { journalIn, isKept: value['isKept'] === true };
  }

  const known = PHASES.find((name) => name === phase);
  if (known === undefined || typeof archive !== 'string') return undefined;
  if (!isListOf(units, isUnit) || !isListOf(stagingDirs, isText)) {
    return undefined;
  }

  return {
    id: textOf(value['id']),
    phase: known,
    archive,
    startedAt: textOf(value['startedAt']),
    units,
    keepsOld: value['keepsOld'] === true,
    isInPlace: value['isInPlace'] === true,
    stagingDirs,
    call: textOf(value['call']),
    pid: numberOf(value['pid']),
    leftovers: listOf(value['leftovers'], isText),
    level: numberOf(value['level']),
    parents: listOf(value['parents'], isTimed),
    ...sizeOf(value['oldBytes']),
    ...addedOf(value['added']),
  };
}

/** A list that earlier versions did not write is empty. */
function listOf<T>(
  value: unknown,
  isItem: (item: unknown) => item is T,
): readonly T[] {
  return isListOf(value, isItem) ? value : [];
}

function isListOf<T>(
  value: unknown,
  isItem: (item: unknown) => item is T,
): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isTimed(value: unknown): value is TimedDirectory {
  return (
    isJsonObject(value) &&
    isText(value['path']) &&
    isText(value['mtimeTicks']) &&
    /^-?\d+$/.test(value['mtimeTicks'])
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isUnit(value: unknown): value is SwapUnit {
  if (!isJsonObject(value)) return false;

  const hasPaths =
    isText(value['live']) && isText(value['staged']) && isText(value['old']);

  const { entryName } = value;
  if (entryName !== undefined && !isText(entryName)) return false;

  return (
    hasPaths &&
    typeof value['hadLive'] === 'boolean' &&
    typeof value['hasNew'] === 'boolean'
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function sizeOf(value: unknown): Pick<Journal, 'oldBytes'> {
  return typeof value === 'number' ? { oldBytes: value } : {};
}

function addedOf(value: unknown): Pick<Journal, 'added'> {
  return isText(value) ? { added: value } : {};
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
