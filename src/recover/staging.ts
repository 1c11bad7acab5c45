import {
  lstatSync,
  mkdirSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { FailedError } from '../errors.js';
import { removeIfEmpty, removeTree } from '../platform/remove-tree.js';
import { findJournals } from '../server/recover-journal.js';
import { exists } from '../server/recover-state.js';
import { oldPaths } from './journal.js';

/** The directories that a recover extracts into, beside what it replaces: `new` is what comes, `old` what goes. */

/**
 * Makes an empty staging directory, readable by nobody else. What an earlier call staged and did not swap goes.
 * @throws {FailedError} where something else has its name · {Error} the operating system's: EROFS, EACCES, ENOSPC
 */
export function makeStaging(staging: string): void {
  refuseForeign(staging);
  dropStaged(staging);
  makeEmpty(staging);
}

/** Makes what a staging directory has lost; what is there stays. @throws as `makeStaging` */
export function mendStaging(staging: string): void {
  refuseForeign(staging);
  makeEmpty(staging);
}

/** One level after the other: told to make both at once, Node calls a directory that cannot be written a missing one. */
function makeEmpty(staging: string): void {
  for (const directory of [staging, join(staging, 'new')]) {
    if (!exists(directory)) mkdirSync(directory, { mode: 0o700 });
  }
}

/**
 * A staging directory that others made is never used, nor is anything behind it changed: a recover would
 * empty the one, and hand the mail that it brings to the other.
 * @throws {FailedError} naming the link, the file or the owner
 */
export function refuseForeign(staging: string): void {
  const stats = lstatSync(staging, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isDirectory()) throw notOurs(staging, stats);

  refuseOwner(staging, stats);

  for (const name of readdirSync(staging)) {
    const path = join(staging, name);
    const child = lstatSync(path, { throwIfNoEntry: false });
    const isSound =
      child?.isDirectory() === true ||
      (child?.isFile() === true && !/^(new|old)/.test(name));
    if (child && !isSound) throw notOurs(path, child);
  }
}

function notOurs(path: string, stats: Stats): FailedError {
  const kind = stats.isSymbolicLink() ? 'a link' : 'no directory';
  return new FailedError(
    `${path} is ${kind}: a recover stages its files there, and did not make it`,
    {
      hints: [
        'Nothing was changed. Find out who made it, remove it and try again.',
      ],
    },
  );
}

/** Whoever owns the place may have made it, and root, and who recovers. */
function refuseOwner(staging: string, { uid }: Stats): void {
  const own = process.getuid?.();
  if (
    own === undefined ||
    uid === own ||
    uid === 0 ||
    uid === statSync(dirname(staging)).uid
  ) {
    return;
  }

  throw new FailedError(
    `${staging} belongs to user ${String(uid)}, who does not own the directory that it is in`,
    {
      hints: [
        'Nothing was changed. Find out who made it, move it away and try again.',
      ],
    },
  );
}

/** Removes what was staged and not swapped; the staging directory goes when nothing else is kept in it. */
export function dropStaged(staging: string): void {
  if (lstatSync(staging, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return;
  }

  removeTree(join(staging, 'new'));
  removeIfEmpty(staging);
}

/**
 * Warnings of what lies aside and no journal names, as a recover of an earlier version leaves it that died: it may be the
 * only copy of somebody's mail, and nothing removes it.
 */
export function warnOfOrphans(stagingDirs: readonly string[]): string[] {
  return stagingDirs.filter(exists).flatMap((staging) => {
    const named = findJournals([dirname(staging)]).flatMap(({ journal }) =>
      oldPaths(journal),
    );

    return readdirSync(staging)
      .filter((name) => /^old(\.\d+)?$/.test(name))
      .map((name) => join(staging, name))
      .filter((path) => !named.some((old) => old.startsWith(path + sep)))
      .map(
        (path) =>
          `${path} holds a state that no journal names: look at it before you remove it`,
      );
  });
}
