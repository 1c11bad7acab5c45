import { holdsMessages } from '../store/message-file.js';
import {
  type ArchiveFacts,
  readArchiveFacts,
  toUnreadable,
} from './archive-facts.js';
import type { ArchiveState } from './archive-state.js';
import {
  type ArchiveFiles,
  identityOf,
  listArchiveFiles,
} from './backup-directory.js';
import { directoryRuns } from './zip/directory-runs.js';
import { isMessageAt } from './entry-kind.js';
import { digestArchive, openVolume } from './open-archive.js';
import { readPin } from './pins.js';
import { resolveStates } from './sets.js';
import type { Storage } from './storage.js';
import { isReadFailure } from './zip/source.js';
import { readVerifiedRecord, type VerifiedRecord } from './verified-record.js';

/** Reads the state of every archive of a storage, oldest first, and no data of any. */
export async function inspectStorage(
  storage: Storage,
): Promise<ArchiveState[]> {
  return inspectArchives(storage, await listArchiveFiles(storage));
}

/**
 * The states of archives that lie in one storage. What cannot be read this time is one, too.
 * @param verified as it was just read; undefined: it is read
 * @throws {FailedError} where the record of verified archives cannot be read
 */
export async function inspectArchives(
  storage: Storage,
  files: readonly ArchiveFiles[],
  verified?: VerifiedRecord,
): Promise<ArchiveState[]> {
  const facts: ArchiveFacts[] = [];
  for (const own of files) facts.push(await factsOf(own));

  const digests = new Map<string, string>();
  for (const named of new Set(facts.map(({ version }) => version?.base))) {
    const at = facts.findIndex(
      (own) => own.files.stem === named && own.fault === undefined,
    );
    const base = facts[at];
    if (!base) continue;

    try {
      const digest = base.told?.digest ?? (await digestArchive(base.files));
      if (digest !== undefined) digests.set(base.files.stem, digest);
    } catch (error) {
      if (!isReadFailure(error)) throw error;

      facts[at] = toUnreadable(base, error);
    }
  }

  const states = resolveStates(facts, {
    verified: verified ?? (await readVerifiedRecord(storage)),
    digests,
  });

  return Promise.all(states.map((state) => withPin(storage, state)));
}

async function withPin(
  storage: Storage,
  state: ArchiveState,
): Promise<ArchiveState> {
  const { pinFile } = state.facts.files;

  return pinFile ? { ...state, pin: await readPin(storage, pinFile) } : state;
}

/** A run asks several times, and each answer reads the central directories of a volume or two. */
const factsCache = new Map<string, ArchiveFacts>();

async function factsOf(files: ArchiveFiles): Promise<ArchiveFacts> {
  const key = identityOf(files);
  const known = factsCache.get(key);
  if (known) return { ...known, files };

  const facts = await readArchiveFacts(files);
  // The next time it may be readable.
  if (!facts.unreadable) factsCache.set(key, facts);

  return facts;
}

/** Returns the number of messages in an archive, and counts them where the server's summary has no number. */
export async function countMessages({
  files,
  summary,
  fault,
}: ArchiveFacts): Promise<number | undefined> {
  if (summary?.messages !== undefined) return summary.messages;
  if (fault !== undefined) return undefined;

  try {
    return await countEntries(files);
  } catch (error) {
    if (isReadFailure(error)) return undefined;

    throw error;
  }
}

async function countEntries(files: ArchiveFiles): Promise<number> {
  let messages = 0;
  for (const file of files.volumes) {
    const { table } = await openVolume(file);
    for (const run of directoryRuns(table)) {
      const isInMail = holdsMessages(run.prefix);
      for (let index = run.start; index < run.end; index++) {
        if (isMessageAt(table, index, isInMail)) messages++;
      }
    }
  }

  return messages;
}
