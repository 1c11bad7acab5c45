import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailedError, messageOf } from '../errors.js';
import { lstatOrGone } from '../platform/look-again.js';
import { readOwnJson } from '../platform/own-file.js';
import {
  type Journal,
  type JournalPointer,
  parseJournal,
} from './recover-journal-text.js';

/**
 * Finds the journals that recovers write before their first rename. A journal lies in one staging directory, that of the
 * store where mail is replaced. Every other staging directory holds a pointer of the same name to it, so that it is found
 * from the store, from the install directory and from a disk of its own. Each recover has a journal of its own, so that the
 * states that several of them keep lie side by side.
 */

/** Beside what is recovered, on the same file system; never backed up. */
export const STAGING_NAME = '.kms-backup-recover';
/** A journal, or in the other staging directories a pointer to one; earlier versions had one journal a directory. */
const JOURNAL_NAME = /^(?:journal|recover-[0-9a-f]+)\.json$/;

/** A journal with its place. */
export interface FoundJournal {
  /** The directory that holds its staging directory. */
  readonly home: string;
  /** Its file's name in there. */
  readonly name: string;
  readonly journal: Journal;
}

export function journalName(id: string): string {
  return `recover-${id}.json`;
}

export function journalPath({
  home,
  name,
}: Pick<FoundJournal, 'home' | 'name'>): string {
  return join(home, STAGING_NAME, name);
}

/** Tells whether a directory holds a journal or a pointer to one, whatever they say. */
export function hasJournal(directory: string): boolean {
  return journalNames(directory).length > 0;
}

/** A directory behind a link is nobody's staging directory: a recover refuses it by its name. */
function journalNames(directory: string): string[] {
  const staging = join(directory, STAGING_NAME);
  // A configuration that is a link leads to a file, and nothing lies below that.
  if (lstatOrGone(staging)?.isDirectory() !== true) return [];

  return listNames(staging).filter((name) => JOURNAL_NAME.test(name));
}

/**
 * The journals of the recovers that were begun, or whose old state is kept, in these directories; each once.
 * @param directories the store, the install directory, and what else a recover replaces something in
 * @throws {FailedError} when one cannot be read, or is no journal
 */
export function findJournals(directories: readonly string[]): FoundJournal[] {
  const found = new Map<string, FoundJournal>();

  for (const directory of new Set(
    realDirectories(directories).flatMap(withDisks),
  )) {
    for (const name of journalNames(directory)) {
      const one = findJournal(directory, name);
      if (one) found.set(journalPath(one), one);
    }
  }

  return [...found.values()];
}

/** The real paths of those directories that are there, each once, in one order everywhere. */
export function realDirectories(directories: readonly string[]): string[] {
  const real = directories.map(realPathOf).filter((path) => path !== undefined);
  return [...new Set(real)].sort();
}

/** A directory, and those in which what it links to, or has mounted, is staged. */
function withDisks(directory: string): string[] {
  return [
    directory,
    ...listNames(directory).flatMap((name) => disksOf(directory, name)),
  ];
}

function disksOf(directory: string, name: string): string[] {
  const path = join(directory, name);
  const stats = lstatSync(path, { throwIfNoEntry: false });

  if (stats?.isSymbolicLink()) {
    const target = realPathOf(path);
    return target === undefined ? [] : [dirname(target), target];
  }

  const isMountPoint =
    stats?.isDirectory() === true && stats.dev !== statSync(directory).dev;

  return isMountPoint ? [path] : [];
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // a file, or not to be listed: whoever needs more of it says so
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** The journal that one directory holds, or points to. */
function findJournal(
  directory: string,
  name: string,
): FoundJournal | undefined {
  const path = journalPath({ home: directory, name });
  const content = readPlace(path);
  if (!content) return undefined;

  if (!('journalIn' in content)) {
    return { home: directory, name, journal: content };
  }

  const home = content.journalIn;
  if (!statSync(home, { throwIfNoEntry: false })) {
    if (content.isKept) return undefined;

    throw unreachable(path, home);
  }

  const target = readPlace(journalPath({ home, name }));
  // The step before the journal, and the last of its removal, leave a pointer that leads nowhere.
  if (!target || 'journalIn' in target) return undefined;

  return target.stagingDirs.includes(dirname(path))
    ? { home, name, journal: target }
    : undefined;
}

function unreachable(path: string, home: string): FailedError {
  return new FailedError(
    `a recover was begun here, and its journal is in ${home}, which is not there`,
    { hints: [`Mount the disk that holds ${home}: ${path} leads there.`] },
  );
}

function readPlace(path: string): Journal | JournalPointer | undefined {
  if (lstatOrGone(dirname(path))?.isDirectory() !== true) return undefined;

  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw unreadable(path, 'is a link');
  }

  const file = readOwnJson(path, parseJournal);
  if (file.state === 'absent') return undefined;
  if (file.state === 'sound') return file.value;

  throw unreadable(
    path,
    file.state === 'junk' ? file.fact : messageOf(file.cause),
  );
}

function unreadable(path: string, reason: string): FailedError {
  return new FailedError(
    `the journal of an earlier recover cannot be understood: ${path} ${reason}`,
    {
      hints: [
        `Look at ${dirname(path)}: "old" holds what a recover replaced, "new" what it brings.`,
        'Where nothing there is needed, and the store is whole, move that directory away and try again.',
      ],
    },
  );
}
