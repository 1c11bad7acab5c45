import { archiveName } from './names.js';
import { DamagedArchiveError, messageOf, SealedError } from '../errors.js';
import type { OnProgress } from '../platform/progress.js';
import { type ArchiveFacts, readArchiveFacts } from './archive-facts.js';
import type { ArchiveFiles } from './backup-directory.js';
import { checkPresent, checkStructureBeside } from './check-structure.js';
import { type Damage, describeLost, toEntryDamage } from './damage.js';
import { openReadable, type ReadableArchive } from './open-archive.js';
import {
  type ReadOptions,
  readSelections,
  selectAll,
} from './read/read-archive.js';
import type { ReadReport } from './read/read-report.js';
import { type ReadingThreads, threadsFor } from './read/reading-threads.js';
import {
  type ReadProblem,
  toUnread,
  type UnreadEntry,
} from './read/read-tasks.js';
import { type SealVerdict, verifySealed } from './verify-sealed.js';
import { isReadFailure } from './zip/source.js';

/** The result of a verify. */
export interface VerifyReport {
  readonly archive: string;
  readonly isSound: boolean;
  /** The archive itself is sound. The state of its base does not count. */
  readonly isIntact: boolean;
  /** Why the archive as a whole cannot be recovered. */
  readonly fault: string | undefined;
  readonly problems: readonly ReadProblem[];
  /** The damage, by volume. */
  readonly damage: readonly Damage[];
  /** The entries that the disk or share did not give. They are not damaged, and the archive is not proven. */
  readonly unread: readonly UnreadEntry[];
  /** It is sealed, and no identity opens it: its volumes are there, and of what is in them nothing is proven. */
  readonly isSealed: boolean;
  /** Of a sealed one that no identity opens. */
  readonly seal?: SealVerdict;
  /** Faults in spite of which everything can be recovered. */
  readonly warnings: readonly string[];
  readonly entries: number;
  readonly messages: number;
  readonly bytes: number;
  readonly volumes: number;
  readonly digest: string | undefined;
  /** Names that could not be recovered on Windows. */
  readonly windowsNames: readonly string[];
  /** Every byte was read, not only the structure. */
  readonly isComplete: boolean;
}

export interface VerifyOptions {
  readonly isQuick?: boolean | undefined;
  /** Of sealed archives that no identity opens every sealed byte is read. */
  readonly readsSealed?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An archive whose central directories have been read, as far as they can be, and what it says about itself. */
export interface ReadArchive {
  readonly archive: ReadableArchive;
  readonly facts: ArchiveFacts;
}

/**
 * Reads all of an archive but data and names: what is wanted of it is to be checked before it is brought.
 * @throws {DamagedArchiveError} when nothing of it can be recovered · {Error} the operating system's
 */
export async function readArchive(files: ArchiveFiles): Promise<ReadArchive> {
  const facts = await readArchiveFacts(files);
  if (facts.unreadable) throw facts.unreadable;

  return { archive: await openReadable(facts), facts };
}

type Outcome = Omit<VerifyReport, 'archive' | 'volumes' | 'isComplete'>;

const NOTHING = {
  isSound: false,
  isIntact: false,
  fault: undefined,
  problems: [],
  damage: [],
  unread: [],
  isSealed: false,
  warnings: [],
  entries: 0,
  messages: 0,
  bytes: 0,
  digest: undefined,
  windowsNames: [],
} as const;

/** Reads one archive as recover would. Damage is what it reports, not an error, and so is what could not be read. */
export async function verifyArchive(
  files: ArchiveFiles,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const base = {
    archive: archiveName(files.stem),
    volumes: files.volumes.length,
    isComplete: options.isQuick !== true,
  };

  const facts = await readArchiveFacts(files);

  try {
    if (facts.unreadable) throw facts.unreadable;

    return { ...base, ...(await verifyVolumes(facts, options)) };
  } catch (error) {
    if (isReadFailure(error)) {
      return {
        ...base,
        ...NOTHING,
        unread: [toUnread(error, `${files.stem}.zip`)],
      };
    }

    if (error instanceof SealedError && files.missingVolumes.length === 0) {
      return verifyClosed(base, facts, options);
    }

    const isFault = error instanceof DamagedArchiveError;
    if (!isFault && !(error instanceof SealedError)) throw error;

    return {
      ...base,
      ...NOTHING,
      fault: facts.fault ?? messageOf(error),
      damage: facts.damage,
    };
  }
}

/** Of what nobody here can open the seal tells, where there is one. */
async function verifyClosed(
  base: Pick<VerifyReport, 'archive' | 'volumes' | 'isComplete'>,
  facts: ArchiveFacts,
  options: VerifyOptions,
): Promise<VerifyReport> {
  try {
    return { ...base, ...NOTHING, ...(await verifySealed(facts, options)) };
  } catch (error) {
    if (!isReadFailure(error)) throw error;

    return { ...base, ...NOTHING, unread: [toUnread(error, base.archive)] };
  }
}

async function verifyVolumes(
  facts: ArchiveFacts,
  options: VerifyOptions,
): Promise<Outcome> {
  const reading = { ...options, isTolerant: true, phase: 'verifying' };
  const threads = options.isQuick
    ? undefined
    : threadsFor(facts.files.volumes, reading);

  try {
    return await verifyWith(facts, reading, threads);
  } finally {
    await threads?.close();
  }
}

/** @param threads read each volume while the next one is opened, and while all are looked through */
async function verifyWith(
  facts: ArchiveFacts,
  options: VerifyOptions & ReadOptions,
  threads: ReadingThreads | undefined,
): Promise<Outcome> {
  const archive = await openReadable(facts, ({ file, table }) => {
    threads?.add(selectAll(file, table));
  });
  const [lost] = archive.lost;
  // Counts and parts are those of all volumes.
  const structure = lost
    ? checkPresent(archive)
    : await checkStructureBeside(archive, facts, options.signal);

  const read = await readAll(archive, options, threads);

  const fault = isBackup(facts)
    ? (facts.fault ?? (lost && describeLost(lost)))
    : undefined;
  const problems = [...structure.problems, ...read.problems];
  const { unread } = read;

  const isIntact =
    fault === undefined && problems.length === 0 && unread.length === 0;

  return {
    isSound: isIntact,
    isIntact,
    fault,
    problems,
    damage: [...archive.lost, ...toEntryDamage(facts.files.stem, problems)],
    unread,
    isSealed: false,
    warnings: structure.warnings,
    entries: structure.entries,
    messages: structure.messages,
    bytes: structure.totalBytes,
    digest: archive.digest,
    windowsNames: structure.windowsNames,
  };
}

async function readAll(
  { volumes }: ReadableArchive,
  options: VerifyOptions & ReadOptions,
  threads: ReadingThreads | undefined,
): Promise<Pick<ReadReport, 'problems' | 'unread'>> {
  if (options.isQuick) return { problems: [], unread: [] };
  if (threads) return threads.finish();

  const all = volumes.map(({ file, table }) => selectAll(file, table));

  return readSelections(all, options);
}

/** A zip file of another name that is nothing of a mail server's has no texts that it could lack. */
function isBackup({ version, summary, files }: ArchiveFacts): boolean {
  return (
    version !== undefined ||
    summary !== undefined ||
    /^[FIDC]\d{8}T\d{6}Z$/.test(files.stem)
  );
}
