import { createHash } from 'node:crypto';
import { type FoundJournal, findJournals } from '../server/recover-journal.js';
import type { Journal } from '../server/recover-journal-text.js';
import { type FinishedJournal, finishInterrupted } from './finish.js';
import type { HeldPlaces } from './places.js';
import type { Chain } from '../archive/chain.js';
import type { ChainEntries } from './select-entries.js';
import type { AdaptedPath, RecoverRequest } from './request.js';
import { isMailArchive } from './top-level-names.js';

/** The meaning of earlier calls' journals for this one. */

/** The facts that make two calls the same: the same archives brought to the same places. */
export interface PlannedCall {
  readonly chain: Chain;
  readonly entries: ChainEntries;
  readonly roots: readonly string[] | undefined;
  readonly adapted: readonly AdaptedPath[];
}

/** The same for the same call, however its flags were written. */
export function callOf(
  request: RecoverRequest,
  { chain, entries, roots, adapted }: PlannedCall,
): string {
  const call = {
    archives: chain.archives.map(({ stem, sizeBytes }) => [stem, sizeBytes]),
    storeDir: request.storeDir,
    cfgDir: request.cfgDir,
    archiveDir: entries.tops.some(isMailArchive)
      ? request.archiveDir
      : undefined,
    tops: entries.tops.map(({ area, name }) => `${area}/${name}`).sort(),
    roots: roots && [...roots].sort(),
    files: entries.files,
    bytes: entries.bytes,
    isAdditive: request.isAdditive,
    isInPlace: request.isInPlace,
    adapted: adapted.length === 0 ? undefined : adapted,
  };

  return createHash('sha256').update(JSON.stringify(call)).digest('hex');
}

/**
 * Tells whether a journal is that of this very call, which died before its end. To complete it is all there is to do then: to
 * begin anew would give up the state that it kept, and keep the recovered one in its place.
 * @param deadPids whose locks were found: a process that wrote `kept` and died before it gave up its lock told nobody
 */
export function isSameCall(
  journal: Journal,
  call: string,
  request: RecoverRequest,
  deadPids: readonly number[],
): boolean {
  if (journal.call !== call || journal.added !== undefined) return false;
  if (request.keepsBeside && !hasBeside(journal)) return false;

  return (
    journal.phase === 'swapping' ||
    (journal.phase === 'kept' && deadPids.includes(journal.pid))
  );
}

function hasBeside({ units }: Journal): boolean {
  return units.some(({ old }) => /\.BAK(\.\d+)?$/.test(old));
}

/**
 * Completes what earlier calls began in these places. Where the same call asks to keep the old state now, it is kept.
 * @throws {FailedError} when something of it cannot go on
 */
export function finishAll(
  held: HeldPlaces,
  own: FoundJournal | undefined,
  keepsOld: boolean,
): Required<FinishedJournal> {
  const messages: string[] = [];
  const warnings: string[] = [];

  for (const found of held.found) {
    const isKept = found === own && keepsOld && !found.journal.isInPlace;
    const journal = isKept
      ? { ...found.journal, keepsOld: true }
      : found.journal;
    const finished = finishInterrupted({ ...found, journal });

    if (finished?.message !== undefined) messages.push(finished.message);
    warnings.push(...(finished?.warnings ?? []));
  }

  return {
    message: messages.length === 0 ? undefined : messages.join('; '),
    warnings,
  };
}

/** The notes of a plan on earlier calls. */
export interface EarlierNotes {
  /** An earlier call was the same, and to complete it is all there is to do. */
  readonly isWhole: boolean;
  readonly notes: readonly string[];
}

/**
 * Collects the notes of a plan on earlier calls that are completed first. What they keep stays beside what this one keeps.
 * @param places the directories that the recover replaces something in
 * @throws {FailedError} when a journal cannot be read
 */
export function noteEarlier(
  request: RecoverRequest,
  call: string,
  places: readonly string[],
): EarlierNotes {
  const journals = findJournals([
    request.storeDir,
    request.cfgDir,
    ...places,
  ]).map(({ journal }) => journal);

  const same = journals.find((journal) =>
    isSameCall(journal, call, request, []),
  );
  if (!same) return { isWhole: false, notes: journals.flatMap(note) };

  return {
    isWhole: true,
    notes: [
      `this recover, ${begunAt(same)}, was interrupted: it is completed, and nothing else is done`,
    ],
  };
}

function note(journal: Journal): string[] {
  switch (journal.phase) {
    case 'swapping':
      return [
        `the recover of ${journal.archive}, ${begunAt(journal)}, was interrupted: it is completed first`,
      ];
    case 'rolling-back':
      return ['a rollback was interrupted: it is completed first'];
    default:
      return [];
  }
}

function begunAt({ startedAt }: Journal): string {
  return `begun ${startedAt.slice(0, 19).replace('T', ' ')} UTC`;
}
