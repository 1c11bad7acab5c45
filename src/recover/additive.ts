import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { wholeName } from '../archive/entry-names.js';
import { placeOf } from '../store/entry-place.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, InterruptedError } from '../errors.js';
import { syncDirectory } from '../platform/atomic-file.js';
import { hasMessageName, isMessagePath } from '../store/message-file.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { renamePatiently } from '../platform/patience.js';
import { plural } from '../platform/units.js';
import {
  type AdditivePlan,
  type KnownMessage,
  planAdditive,
} from './additive-plan.js';
import type { ChainEntries } from './entries.js';

/** What an additive recover does to one folder. */
export interface FolderPlan {
  /** Below the store: `mail/example.com/alice/INBOX`. */
  readonly path: string;
  /** Where in it the messages lie: `#msgs`, or empty for those that lie in the directory itself. */
  readonly holder: Holder;
  readonly plan: AdditivePlan;
}

export interface AdditiveCounts {
  readonly add: number;
  /** Of those added, how many got another name. */
  readonly renamed: number;
  readonly skip: number;
  readonly folders: number;
}

type Holder = '#msgs' | '';

/** Plans every folder of a selection against the live store; reads live messages that could be the same. */
export function planFolders(
  storeDir: string,
  entries: ChainEntries,
): FolderPlan[] {
  const folders = collectFolders(entries);
  return folders.map(({ path, holder, messages, files }) => {
    const directory = join(storeDir, path);
    const sizes = new Set(
      messages.map(({ contentHash }) => Number(contentHash.split(':')[1])),
    );
    const names = listNames(join(directory, holder));

    const live = {
      messages: names.flatMap((name) =>
        knownLive(join(directory, holder, name), sizes),
      ),
      names,
      files: holder === '' ? [] : listNames(directory),
    };

    return { path, holder, plan: planAdditive(live, messages, files) };
  });
}

interface Folder extends Pick<FolderPlan, 'path' | 'holder'> {
  readonly messages: KnownMessage[];
  readonly files: string[];
}

function collectFolders(entries: ChainEntries): Folder[] {
  const folders = new Map<string, Folder>();
  const folderOf = (path: string, holder: Holder): Folder => {
    const key = join(path, holder, '/');
    const own = folders.get(key) ?? { path, holder, messages: [], files: [] };
    folders.set(key, own);
    return own;
  };

  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      const part = table.part(index);
      const path = placeOf(
        part ? wholeName(table.name(index)) : table.name(index),
      )?.path;

      if (
        path === undefined ||
        table.isDirectory(index) ||
        (part?.index ?? 0) > 0
      ) {
        continue;
      }

      const [name, directory] = [basename(path), dirname(path)];

      const message = {
        name,
        messageId: '',
        contentHash: `${table.crc(index)}:${table.size(index)}`,
      };

      if (basename(directory) === '#msgs') {
        folderOf(dirname(directory), '#msgs').messages.push(message);
      } else if (isMessagePath(path)) {
        folderOf(directory, '').messages.push(message);
      } else if (!directory.includes('#assoc')) {
        folderOf(directory, '#msgs').files.push(name);
      }
    }
  }

  return [...folders.values()];
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A message of a size that none of the archive's has cannot be the same, and is not read. */
function knownLive(path: string, sizes: ReadonlySet<number>): KnownMessage[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || !sizes.has(stats.size)) return [];

  try {
    return [
      {
        name: basename(path),
        messageId: '',
        contentHash: `${crc32(readFileSync(path))}:${stats.size}`,
      },
    ];
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];

    throw error;
  }
}

export function countFolders(plans: readonly FolderPlan[]): AdditiveCounts {
  const steps = plans.flatMap(({ plan }) => plan.steps);
  const count = (kind: string): number =>
    steps.filter((step) => step.kind === kind).length;

  return {
    add: count('add') + count('rename'),
    renamed: count('rename'),
    skip: count('skip'),
    folders: plans.length,
  };
}

/**
 * Moves staged messages into the live store under names that nobody has. Each appears whole or not at all; an abort
 * leaves those that were added, and the next call skips them as identical.
 * @throws {InterruptedError} when the signal aborts; it says how many messages were added
 */
export async function applyFolders(
  planned: readonly FolderPlan[],
  target: AdditiveTarget,
): Promise<AdditiveCounts> {
  const done = { add: 0, renamed: 0, skip: 0, folders: planned.length };
  for (const { path, holder } of planned) {
    const places = {
      from: target.stagedPathOf(path),
      to: join(target.storeDir, path),
      holder,
    };

    const { to } = places;

    try {
      while (!(await addToFolder(places, { done, signal: target.signal })));
    } finally {
      for (const directory of new Set([join(to, holder), to])) {
        if (existsSync(directory)) syncDirectory(directory);
      }
    }
  }

  return done;
}

/** Where messages are added. */
export interface AdditiveTarget {
  readonly storeDir: string;
  /** The staged counterpart of a path below the store. */
  readonly stagedPathOf: (path: string) => string;
  readonly signal?: AbortSignal | undefined;
}

/** So many messages are added before a signal is heard. */
const MESSAGES_A_TURN = 256;

/** One folder: as it is staged, and as it is live. */
interface FolderPlaces extends Pick<FolderPlan, 'holder'> {
  readonly from: string;
  readonly to: string;
}

async function stopWhereAsked(
  signal: AbortSignal | undefined,
  added: number,
): Promise<void> {
  await nextTurn();
  if (!(signal?.reason instanceof InterruptedError)) return;

  throw signal.reason.keeping(
    `${plural(added, 'message was', 'messages were')} added and stay; the same call adds the rest`,
  );
}

/**
 * Adds what is staged for one folder; planned anew, from the proven bytes: mail may have arrived since the plan was shown.
 * @returns false where somebody took a name meanwhile: what is still staged wants another plan
 */
async function addToFolder(
  places: FolderPlaces,
  {
    done,
    signal,
  }: {
    done: { add: number; renamed: number; skip: number };
    signal: AbortSignal | undefined;
  },
): Promise<boolean> {
  await stopWhereAsked(signal, done.add);

  const plan = planStaged(places);
  const { from, to, holder } = places;

  // First: were the index still there after a crash, a second call would find nothing to add and leave it, and the
  // server would not show what lies beside it.
  for (const name of plan.setAside) setAside(join(to, name));

  for (const step of plan.steps) {
    if (step.kind === 'skip') continue;
    if (!place(join(from, holder, step.name), join(to, holder, step.as))) {
      return false;
    }

    done.add++;
    if (step.kind === 'rename') done.renamed++;
    if (done.add % MESSAGES_A_TURN === 0) {
      await stopWhereAsked(signal, done.add);
    }
  }

  for (const name of plan.addFiles) {
    if (!place(join(from, name), join(to, name))) return false;
  }

  done.skip += plan.steps.filter(({ kind }) => kind === 'skip').length;

  return true;
}

function planStaged({ from, to, holder }: FolderPlaces): AdditivePlan {
  const read = (directory: string): KnownMessage[] =>
    listNames(directory).flatMap((name) => {
      const path = join(directory, name);
      if (
        !lstatSync(path).isFile() ||
        (holder === '' && !hasMessageName(name))
      ) {
        return [];
      }

      const bytes = readFileSync(path);

      return [
        { name, messageId: '', contentHash: `${crc32(bytes)}:${bytes.length}` },
      ];
    });

  const archived = read(join(from, holder));
  const sizes = new Set(
    archived.map(({ contentHash }) => Number(contentHash.split(':')[1])),
  );
  const names = listNames(join(to, holder));
  const live = names.flatMap((name) =>
    knownLive(join(to, holder, name), sizes),
  );

  const identical = live.filter(({ contentHash, name }) =>
    archived.some(
      (own) =>
        own.contentHash === contentHash &&
        isSameFile(join(from, holder, own.name), join(to, holder, name)),
    ),
  );

  if (holder === '') {
    return planAdditive(
      { messages: identical, names, files: [] },
      archived,
      [],
    );
  }

  const files = listNames(from).filter((name) =>
    lstatSync(join(from, name)).isFile(),
  );

  return planAdditive(
    { messages: identical, names, files: listNames(to) },
    archived,
    files,
  );
}

/** A checksum says "perhaps"; mail is only called identical when its bytes are. */
function isSameFile(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}

/** Flags live in the index alone: each one that is set aside is kept. */
function setAside(path: string): void {
  let aside = `${path}.before-recover`;
  for (let number = 1; existsSync(aside); number++) {
    aside = `${path}.before-recover.${number}`;
  }

  renamePatiently(path, aside);
}

/** Puts a file where none is; false where the name was taken meanwhile: nothing is ever overwritten. */
function place(from: string, to: string): boolean {
  makeOwnedDirectories(dirname(to));

  try {
    linkSync(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || existsSync(to)) return false;

    renamePatiently(from, to); // no hard links on this file system

    return true;
  }

  rmSync(from);

  return true;
}
