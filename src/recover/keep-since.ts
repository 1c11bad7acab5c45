import { randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { syncTree } from '../platform/sync-tree.js';
import { toSystemError } from '../platform/system-error.js';
import { type FoundJournal, journalName } from '../server/recover-journal.js';
import type { Journal } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';
import { placeOf } from '../store/entry-place.js';
import { giveLook, tryLink } from './carry-over.js';
import { beginJournal, settle, syncJournal } from './journal.js';
import { freeName } from './placement.js';
import { type SinceMessage, stagingOf } from './rollback-cost.js';

/** What came in after a recover goes with its rollback: it is kept beside the live data, as messages in their folders. */

/**
 * Gives the messages second names, beside the live data of their disks. A journal of its own names them: `status` shows
 * them, and `--forget` removes them. An abort leaves some of them there, and all of them live.
 * @returns the directories that hold them
 * @throws {KmsError} with nothing kept
 */
export function keepSince(
  found: FoundJournal,
  messages: readonly SinceMessage[],
): readonly string[] {
  const targets = placeMessages(found, messages);
  const directories = [...new Set([...targets.values()].map(({ top }) => top))];
  if (directories.length === 0) return [];

  const kept = keptBy(found, messages, directories);

  try {
    beginJournal(kept, () => undefined);
    syncJournal(kept);
    for (const [{ path }, { target }] of targets) addName(path, target);
    for (const directory of directories) syncTree(directory);
  } catch (error) {
    settle(kept);

    const fact = 'what came in since that recover cannot be kept';
    const hints = [
      'Nothing was changed. recover --rollback --no-keep-old goes on without it: it is lost then.',
    ];
    throw toSystemError(error, { fact, hints }) ?? error;
  }

  return directories;
}

interface KeptPlace {
  /** `…/.kms-backup-recover/since` */
  readonly top: string;
  readonly target: string;
}

function placeMessages(
  { journal }: FoundJournal,
  messages: readonly SinceMessage[],
): ReadonlyMap<SinceMessage, KeptPlace> {
  const tops = new Map(
    journal.stagingDirs.map((staging) => [
      staging,
      freeName(join(staging, 'since')),
    ]),
  );
  const places = new Map<SinceMessage, KeptPlace>();

  for (const message of messages) {
    const unit = journal.units.find(
      ({ live }) =>
        message.path === live || message.path.startsWith(live + sep),
    );
    const top = unit && tops.get(stagingOf(unit));
    if (top === undefined) throw new RangeError(`${message.path} is nowhere`);

    const below = placeOf(message.entryName)?.path ?? message.entryName;
    places.set(message, { top, target: join(top, below) });
  }

  return places;
}

/** A message never changes: a second name costs no room. */
function addName(path: string, target: string): void {
  makeOwnedDirectories(dirname(target));
  if (tryLink(path, target)) return;

  copyFileSync(path, target);
  giveLook(path, target);
}

/** The journal of the kept messages; it is in the way of no rollback. */
function keptBy(
  { home, journal }: FoundJournal,
  messages: readonly SinceMessage[],
  directories: readonly string[],
): FoundJournal {
  const id = randomBytes(4).toString('hex');
  const { archive, startedAt, stagingDirs } = journal;
  const kept: Journal = {
    id,
    phase: 'kept',
    archive,
    startedAt,
    units: [],
    keepsOld: true,
    isInPlace: false,
    stagingDirs: stagingDirs.filter(exists),
    call: '',
    pid: process.pid,
    leftovers: directories,
    level: 0,
    parents: [],
    oldBytes: messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };

  return { home, name: journalName(id), journal: kept };
}
