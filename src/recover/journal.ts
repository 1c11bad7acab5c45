import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { messageOf } from '../errors.js';
import {
  replaceFile,
  syncDirectory,
  writeFully,
} from '../platform/atomic-file.js';
import { removeIfEmpty, removeTree } from '../platform/remove-tree.js';
import { toKnownError } from '../platform/system-error.js';
import {
  type FoundJournal,
  findJournals,
  journalPath,
  STAGING_NAME,
} from '../server/recover-journal.js';
import type {
  Journal,
  JournalPointer,
} from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';

/**
 * The journal of a swap of old for new:
 *
 *   before the journal     live = old state; staged files are swept by the next call
 *   `swapping` is written  every staged byte is on the disk; from here the next call finishes the swap
 *   unit by unit           live → old, staged → live; each rename is atomic, and which were done shows in what exists
 *   `kept`                 the new state is complete; `old` stays for a rollback
 *   `settled` is written   before anything of the other state is removed: from here on there is no way back to it
 *   `rolling-back`         the swap backwards: the next call finishes it; then `settled`
 *   `emptied` is written   with --in-place, before the old state goes: only a recover of the same units goes on from here
 *
 * Every later phase is written beside the journal before it begins, and takes its name by a rename: a disk that is full
 * by then, with two states on it, ends no recover half-way.
 */

const LATER_PHASES = ['kept', 'settled', 'rolling-back'] as const;

/** The files that a journal may leave: those that do not have its name yet, `settled-0123abcd.json`, and pointers. */
const OF_A_JOURNAL =
  /^(?:journal|kept|settled|rolling-back|recover)-([0-9a-f]*)\.json$/;

/**
 * Lays a journal down: first everything that takes room, then what it supersedes is given up, then it counts. What other
 * recovers keep in these places stays, under their journals. An abort before the last rename leaves the old state live, and
 * pointers that lead nowhere.
 * @param supersede gives up what recovers that have ended could not remove in these places
 * @throws {Error} the operating system's; what is superseded may be given up then, nothing live is changed
 */
export function beginJournal(found: FoundJournal, supersede: () => void): void {
  const { home, name, journal } = found;
  const others = stagingsBeside(home, journal);
  const own = join(home, STAGING_NAME);
  const first = sparePath(own, journal, 'journal');

  for (const phase of LATER_PHASES) {
    writeDurably(sparePath(own, journal, phase), { ...journal, phase });
  }

  writeDurably(first, journal);
  for (const staging of others) writePointers(staging, found);

  syncDirectory(own);

  supersede();

  for (const staging of others) {
    renameSync(sparePath(staging, journal, 'journal'), join(staging, name));
    syncDirectory(staging);
    syncDirectory(dirname(staging));
  }

  renameSync(first, journalPath(found));
}

/** Writes the pointers of all phases: to what is unfinished, and to what is kept. */
function writePointers(
  staging: string,
  { home: journalIn, journal }: FoundJournal,
): void {
  for (const name of ['journal', 'kept', 'rolling-back'] as const) {
    const pointer = { journalIn, isKept: name === 'kept' };
    writeDurably(sparePath(staging, journal, name), pointer);
  }
}

/** Makes a journal that was begun durable. @throws {Error} the operating system's */
export function syncJournal({ home }: FoundJournal): void {
  syncDirectory(join(home, STAGING_NAME));
  syncDirectory(home);
}

/** Removes the files of journals that were not begun. @param known those that were @param spared one more name that stays */
export function dropSpares(
  stagings: readonly string[],
  known: readonly FoundJournal[],
  spared?: string,
): void {
  const ids = known.map(({ journal }) => journal.id);
  const names = [spared, ...known.map((found) => found.name)];

  for (const staging of stagings) {
    for (const name of readdirSync(staging)) {
      const id = OF_A_JOURNAL.exec(name)?.[1];
      if (id !== undefined && !ids.includes(id) && !names.includes(name)) {
        rmSync(join(staging, name), { force: true });
      }
    }
  }
}

/**
 * The next phase of a journal takes its place. Until the journal says `kept`, and before it says anything else again, every
 * pointer leads to what is unfinished.
 * @throws {Error} the operating system's: the phase before counts
 */
export function changePhase(
  found: FoundJournal,
  phase: (typeof LATER_PHASES)[number],
): void {
  const { home, journal } = found;
  const own = join(home, STAGING_NAME);
  const spare = sparePath(own, journal, phase);

  if (journal.phase === 'kept') turnPointers(found, 'rolling-back');

  if (exists(spare)) {
    renameSync(spare, journalPath(found));
  } else {
    replaceFile(journalPath(found), Buffer.from(format({ ...journal, phase })));
  }

  syncDirectory(own);

  if (phase === 'kept') turnPointers(found, 'kept');
}

function turnPointers(
  { home, name, journal }: FoundJournal,
  phase: 'kept' | 'rolling-back',
): void {
  for (const staging of stagingsBeside(home, journal)) {
    const spare = sparePath(staging, journal, phase);
    if (!exists(spare)) continue;

    renameSync(spare, join(staging, name));
    syncDirectory(staging);
  }
}

/** The paths of a recover that could not be put away. */
export interface Remains {
  /** Paths of the other state, of which parts are left. */
  readonly paths: readonly string[];
  /** The operating system's words for the first. */
  readonly reason: string;
}

/**
 * The live state is the one that stays: what the journal names of the other goes, the journal last. An abort leaves a
 * `settled` journal, so that nobody goes back to a state of which a part is removed; so does what cannot be removed.
 * @returns undefined where nothing is left
 */
export function settle(found: FoundJournal): Remains | undefined {
  const { home, journal } = found;
  const staged = [
    ...journal.units.map((unit) => unit.staged),
    ...journal.stagingDirs.map((path) => join(path, 'new')),
  ];

  return (
    attempt([join(home, STAGING_NAME)], () => {
      closeJournal(found);
    }) ??
    attempt([...staged, ...oldPaths(journal)], removeNamed) ??
    attempt([journalPath(found)], () => {
      removePlaces(found);
    })
  );
}

/**
 * Gives up what an ended recover left, now that another is staged and names what cannot be removed of it: in `new` lies what
 * comes. What lies beside the live state as .BAK stays.
 * @throws {Error} the operating system's, with all of it kept
 */
export function forgetKept(found: FoundJournal, successor: FoundJournal): void {
  closeJournal(found);
  attempt(oldPaths(found.journal), removeNamed);
  removePlaces(found, successor);
}

function closeJournal(found: FoundJournal): void {
  if (found.journal.phase !== 'settled') changePhase(found, 'settled');
}

/** Does the same with every path, and says where it failed. */
function attempt(
  paths: readonly string[],
  work: (path: string) => void,
): Remains | undefined {
  const failed: string[] = [];
  let reason = '';

  for (const path of paths) {
    try {
      work(path);
    } catch (error) {
      if (failed.length === 0) reason = messageOf(toKnownError(error) ?? error);
      failed.push(path);
    }
  }

  return failed.length === 0 ? undefined : { paths: failed, reason };
}

/** The paths of the state before that a journal may remove: those in a staging directory, and those that others left there. */
export function oldPaths({ units, leftovers, added }: Journal): string[] {
  const inStaging = units
    .map(({ old }) => old)
    .filter((old) => old.includes(`${sep}${STAGING_NAME}${sep}`));
  const list = added === undefined ? [] : [added];

  return [...inStaging, ...leftovers, ...list];
}

/** Removes a path with all below it, and the directories above it in its staging directory that are empty then. */
function removeNamed(path: string): void {
  removeTree(path);

  for (
    let above = dirname(path);
    above.includes(STAGING_NAME + sep);
    above = dirname(above)
  ) {
    if (!removeIfEmpty(above)) return;
  }
}

/**
 * Removes a journal and all that no other one names. The pointers go first, the journal last: what leads nowhere tells nobody
 * to wait.
 * @param successor one that is about to begin
 */
export function removePlaces(
  found: FoundJournal,
  successor?: FoundJournal,
): void {
  const { home, name, journal } = found;
  const stagings = [
    ...stagingsBeside(home, journal),
    join(home, STAGING_NAME),
  ].filter(exists);
  const others = findJournals(stagings.map((path) => dirname(path))).filter(
    (one) => journalPath(one) !== journalPath(found),
  );

  for (const staging of stagings) {
    dropSpares([staging], successor ? [...others, successor] : others, name);
    rmSync(join(staging, name), { force: true });

    removeIfEmpty(join(staging, 'new'));
    removeIfEmpty(staging);
  }
}

function stagingsBeside(home: string, { stagingDirs }: Journal): string[] {
  return stagingDirs.filter((staging) => staging !== join(home, STAGING_NAME));
}

function sparePath(staging: string, { id }: Journal, name: string): string {
  return join(staging, `${name}-${id}.json`);
}

function writeDurably(path: string, content: Journal | JournalPointer): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    writeFully(fd, Buffer.from(format(content)));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function format(content: Journal | JournalPointer): string {
  return JSON.stringify(content, undefined, 1);
}
