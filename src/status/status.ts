import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import type { Storage } from '../archive/storage.js';
import { withUnfinished } from '../archive/unfinished.js';
import {
  lookAtVerifiedRecord,
  readVerifiedRecord,
} from '../archive/verified-record.js';
import { archiveName, type ArchiveType } from '../archive/names.js';
import { newestPoint, partsOf } from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { NotFoundError } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { findKeptStates } from '../server/kept-states.js';
import { findUnfinishedRecover } from '../server/recover-mark.js';
import type { StatusArchive, StatusReport } from './status-report.js';
import { archiveWarnings, type PlaceFindings } from './archive-warnings.js';
import { type StatusWarning, worstFirst } from './warning.js';
import { workWarnings } from './work-warnings.js';

export interface StatusOptions {
  readonly storeDir: string;
  readonly storage: Storage;
  /** Of its archives; undefined where it is not there. */
  readonly states: readonly ArchiveState[] | undefined;
  readonly clock: Clock;
  /** Older than that the newest recoverable archive is critical; undefined sets no limit. */
  readonly maxAgeMs: number | undefined;
  /** Why the backup directory seems to be another one than that of the archives, and what else is odd about it. */
  readonly place: PlaceFindings;
  /** What others found: of the schedule, of the history, of files of settings. */
  readonly further: readonly StatusWarning[];
}

/** The number of archives that a chart on a terminal has room for. */
const RECENT_ARCHIVES = 10;

/** The status that the archives have together, and the run that is at work. A missing backup directory is a state, not an error. */
export async function readStatus(
  installation: Installation,
  options: StatusOptions,
): Promise<StatusReport> {
  const now = options.clock();
  const { storage, states } = options;
  const places = [installation.dir, options.storeDir];
  const all = (states ?? []).map((state) => toArchive(state, now));
  const point = newestPoint(states ?? []);

  const facts = {
    backupDir: storage.name,
    isThere: states !== undefined,
    archives: all.length,
    sizeBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    freeBytes: states && (await storage.freeSpace())?.freeBytes,
    last: findLast(states ?? [], now),
    newestRecoverable: point && toArchive(point, now),
    recent: all.slice(-RECENT_ARCHIVES),
    engine: await findRunningEngine(installation),
    unfinishedRecover: findUnfinishedRecover(places),
    keptStates: findKeptStates(places),
    lock: storage.lock.sight(options.clock),
  };

  return {
    ...facts,
    ...judge([
      ...workWarnings(facts),
      ...archiveWarnings(facts, all, options),
      ...options.further,
    ]),
  };
}

/** The level that warnings make together. */
function judge(
  found: readonly StatusWarning[],
): Pick<StatusReport, 'level' | 'warnings' | 'criticalWarnings'> {
  const sorted = worstFirst(found);

  return {
    level: sorted[0]?.severity ?? 'ok',
    warnings: sorted.map(({ text }) => text),
    criticalWarnings: sorted.filter(({ severity }) => severity === 'critical')
      .length,
  };
}

/** The newest of each type; those of a part of the server, and what is still being written, do not count. */
function findLast(
  states: readonly ArchiveState[],
  now: Date,
): StatusReport['last'] {
  const whole = states.filter(
    ({ facts, isBeingWritten }) =>
      partsOf(facts) === undefined && isBeingWritten !== true,
  );

  const lastOf = (type: ArchiveType): StatusArchive | undefined => {
    const last = whole.findLast(({ facts }) => facts.files.type === type);
    return last && toArchive(last, now);
  };

  return {
    full: lastOf('full'),
    differential: lastOf('differential'),
    copy: lastOf('copy'),
  };
}

function toArchive(state: ArchiveState, now: Date): StatusArchive {
  const { isRecoverable, isPartlyRecoverable, fault, verifiedAt, lacks } =
    state;
  const { files } = state.facts;

  return {
    archive: archiveName(files.stem),
    name: archiveName(files.stem),
    type: files.type,
    takenAt: files.takenAt,
    ageMs: now.getTime() - files.takenAt.getTime(),
    sizeBytes: files.sizeBytes,
    isRecoverable,
    isPartlyRecoverable,
    isBeingWritten: state.isBeingWritten === true,
    fault,
    verifiedAt,
    drilled: state.drilled,
    lacks,
  };
}

/** The archives as somebody sees them who only looks. */
export interface SeenArchives {
  /** Undefined where the storage is not there. */
  readonly states: ArchiveState[] | undefined;
  /** Why nobody can tell which of them were proven. */
  readonly proofFault: string | undefined;
}

/** Whose archives somebody looks at, and where. */
interface Look {
  readonly installation: Installation;
  readonly storage: Storage;
  readonly clock: Clock;
  /** As they were just listed; undefined: they are listed. */
  readonly archives?: readonly ArchiveFiles[] | undefined;
}

/** The state of every archive, no data of any. */
export async function inspectIfThere({
  installation,
  storage,
  clock,
  archives,
}: Look): Promise<SeenArchives> {
  const writing = {
    startedAt: clock(),
    isServerAtWork: async () =>
      (await findRunningEngine(installation)) !== undefined,
  };

  try {
    const files = archives ?? (await listArchiveFiles(storage));
    const { record, fault: proofFault } = await lookAtVerifiedRecord(storage);

    const states = await inspectArchives(storage, files, record);

    // A user who may read nothing at all cannot look: that is no state, but an error.
    if (states.length > 0 && states.every(({ unreadable }) => unreadable)) {
      await readVerifiedRecord(storage);
    }

    return {
      states: await withUnfinished(states, storage, writing),
      proofFault,
    };
  } catch (error) {
    if (error instanceof NotFoundError) {
      return {
        states: undefined,
        proofFault: undefined,
      };
    }

    throw error;
  }
}
