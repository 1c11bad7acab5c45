/** The state of a server's backups: its archives, its schedule and who works through that. */
import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import { readMirrorRecord } from '../archive/mirror-record.js';
import { parseVolumeName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import type { StatusMirror } from '../page/status-facts.js';
import { readHistory } from '../history/read-history.js';
import { type Clock, systemClock } from '../platform/clock.js';
import { planNext, type TaskMoment } from '../schedule/plan-due.js';
import { readProgress, type ScheduleProgress } from '../schedule/progress.js';
import { readIniFile } from '../settings/ini-file.js';
import {
  inspectIfThere,
  readStatus,
  type StatusReport,
} from '../status/status.js';
import { chooseStorage } from './archive-places.js';
import { examinePlace } from './right-place.js';
import { openServer, type OpenServer, type ServerFlags } from './server.js';
import type { SourceFlags } from './setting-sources.js';

/** The things that are looked at, and the age at which they count as old. */
export interface StatusRequest {
  readonly server: OpenServer;
  readonly storage: Storage;
  /** Its archives, as they were just listed; undefined: they are listed. */
  readonly archives?: readonly ArchiveFiles[] | undefined;
  readonly clock: Clock;
  /** Older than that the newest recoverable archive is critical; undefined sets no limit. */
  readonly maxAgeMs?: number | undefined;
}

export interface CollectedStatus {
  readonly report: StatusReport;
  /** Of the archives; undefined where their storage is not there. */
  readonly states: readonly ArchiveState[] | undefined;
  /** The next runs of the schedule, soonest first; none where nobody works through it. */
  readonly nextRuns: readonly TaskMoment[];
  /** The last backup that `schedule run` made. */
  readonly lastRun: ScheduleProgress['lastRun'];
  /** So many paths the last backup left out, as [backup] accept says. */
  readonly accepted: number;
  /** Undefined where nothing was ever copied to a second place. */
  readonly mirror: MirrorStatus | undefined;
}

/** It is not asked now. */
export interface MirrorStatus extends StatusMirror {
  readonly copiedAt: Date;
}

/** The number of coming runs that the status page shows. */
const NEXT_RUNS = 5;

/** The request of `status`. @throws {NotFoundError} · {ConfigurationError} when mailserver.cfg is wrong */
export function toStatusRequest(
  flags: ServerFlags &
    SourceFlags & { readonly 'max-age'?: number | undefined },
): StatusRequest {
  const server = openServer(flags);
  // A check is not green over settings that the next backup fails on.
  if (flags['max-age'] !== undefined) readIniFile(server.installation.dir);

  return {
    server,
    storage: chooseStorage(flags, { server: server.settings }),
    clock: systemClock,
    maxAgeMs: flags['max-age'],
  };
}

/** Reads the state. No data of an archive is read; a missing backup directory is a state, not an error. */
export async function collectStatus({
  server,
  storage,
  archives,
  clock,
  maxAgeMs,
}: StatusRequest): Promise<CollectedStatus> {
  const { installation, settings } = server;
  const now = clock();
  const progress = readProgress(installation, settings, now);

  const states = await inspectIfThere(storage, archives);

  const report = await readStatus(installation, {
    storeDir: settings.storeDir,
    storage,
    states,
    clock,
    maxAgeMs,
    place: await examinePlace({ ...server, storage, clock }),
    scheduleWarnings: progress.warnings,
  });

  return {
    report,
    states,
    nextRuns: progress.isWorkedThrough
      ? planNext(settings.schedule, now, NEXT_RUNS)
      : [],
    lastRun: progress.lastRun,
    accepted: countAccepted(installation.dir),
    mirror: states && (await findMirrorStatus(storage, report)),
  };
}

function countAccepted(installDir: string): number {
  const last = readHistory(installDir).findLast(
    ({ facts }) => facts.accepted !== undefined,
  );

  return last?.facts.accepted ?? 0;
}

async function findMirrorStatus(
  storage: Storage,
  { newestRecoverable }: StatusReport,
): Promise<MirrorStatus | undefined> {
  const record = await readMirrorRecord(storage);
  if (!record) return undefined;

  const { to, at: copiedAt, archives } = record;
  const newest = archives.at(-1);
  const there = parseVolumeName(newest ?? '')?.takenAt.getTime();
  const here = newestRecoverable?.takenAt.getTime();
  const behindMs =
    there === undefined ? undefined : Math.max(0, (here ?? 0) - there);

  return { to, copiedAt, newest, behindMs };
}
