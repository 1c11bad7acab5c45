/** The state of a server's backups: its archives, its schedule and who works through that. */
import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type { MassLossRecord } from '../archive/mass-loss-record.js';
import { readMirrorRecord } from '../archive/mirror-record.js';
import { parseVolumeName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import type { MailArchiveStatus } from '../page/mail-archive.js';
import type { StatusMirror } from '../page/status-facts.js';
import { type BackupRuns, findBackupRuns } from '../history/backup-runs.js';
import type { HistoryRun } from '../history/history-run.js';
import { readRunProgress, type RunProgress } from '../history/progress-file.js';
import { readHistory } from '../history/read-history.js';
import type { Clock } from '../platform/clock.js';
import { planNext, type TaskMoment } from '../schedule/plan-due.js';
import type { ScheduleProgress } from '../schedule/progress.js';
import type { LeftOutCounts } from '../store/left-out-words.js';
import {
  findMailArchive,
  mailArchiveWarnings,
} from '../status/mail-archive.js';
import { massLossWarnings } from '../status/mass-loss-warnings.js';
import { runWarnings } from '../status/run-warnings.js';
import { inspectIfThere, readStatus } from '../status/status.js';
import type { StatusReport } from '../status/status-report.js';
import { critical, type StatusWarning, warning } from '../status/warning.js';
import type { HistoryFacts } from '../report/history-metrics.js';
import { historyFacts } from './history-facts.js';
import { lookAtTasks, type WorkedTasks } from './missed-tasks.js';
import type { Installation } from '../server/installation.js';
import { examinePlace } from './right-place.js';
import { leftStoppedWarning } from '../server/restart-mark.js';
import { lookAtSideFiles } from './side-files.js';
import { runningFaults, type RunningServer } from './running-server.js';
import type { OpenServer } from './server.js';

/** The things that are looked at, and the age at which they count as old. */
export interface StatusRequest {
  readonly server: OpenServer;
  readonly storage: Storage;
  /** Its archives, as they were just listed; undefined: they are listed. */
  readonly archives?: readonly ArchiveFiles[] | undefined;
  readonly clock: Clock;
  /** Older than that the newest recoverable archive is critical; undefined sets no limit. */
  readonly maxAgeMs?: number | undefined;
  /** Why files of settings cannot be read: no backup can be made. */
  readonly settingsFaults?: readonly string[] | undefined;
  /** The server that runs, where it was asked. */
  readonly running?: RunningServer | undefined;
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
  /** What the last backup left out on purpose; undefined where none was made since this is written down. */
  readonly excluded: LeftOutCounts | undefined;
  /** What the history says of the backups into this place. */
  readonly runs: BackupRuns;
  /** What `runs` and the schedule come to, in numbers. */
  readonly historyFacts: HistoryFacts;
  /** How far the backup at work is. */
  readonly progress: RunProgress | undefined;
  /** Far less mail than before, which nobody has acknowledged. */
  readonly massLoss: MassLossRecord | undefined;
  /** Undefined where it is no matter of these backups. */
  readonly mailArchive: MailArchiveStatus | undefined;
  /** Undefined where nothing was ever copied to a second place. */
  readonly mirror: MirrorStatus | undefined;
  /** The server that runs, where it was asked. */
  readonly running: RunningServer | undefined;
}

/** It is not asked now. */
export interface MirrorStatus extends StatusMirror {
  readonly copiedAt: Date;
}

/** The number of coming runs that the status page shows. */
const NEXT_RUNS = 5;

/** Reads the state. No data of an archive is read; a missing backup directory is a state, not an error. */
export async function collectStatus(
  request: StatusRequest,
): Promise<CollectedStatus> {
  const { server, storage, clock, running } = request;
  const { installation, settings } = server;
  const history = readHistory(installation.dir);
  const seen = await inspectIfThere({ ...request, installation });
  const { states } = seen;
  const tasks = lookAtTasks(request, history, states);
  const sideFiles = await lookAtSideFiles(server, storage, seen);
  const runs = findBackupRuns(history, storage.name);
  const mailArchive = findMailArchive(states, history, settings.include);

  const report = await readStatus(installation, {
    storeDir: settings.storeDir,
    storage,
    states,
    clock,
    maxAgeMs: request.maxAgeMs,
    place: await examinePlace({ ...server, storage, clock }),
    further: await furtherWarnings(request, history, {
      ...tasks,
      ...sideFiles,
      mailArchive,
    }),
  });

  return {
    report,
    states,
    nextRuns: nextRunsOf(request, tasks.progress),
    lastRun: tasks.progress.lastRun,
    ...findLeftOut(history),
    runs,
    historyFacts: historyFacts(storage.name, history, tasks.missed),
    progress: progressOf(installation, runs),
    massLoss: sideFiles.massLoss,
    mailArchive,
    mirror: states && (await findMirrorStatus(storage, report)),
    running,
  };
}

/** What is told by others than the archives. */
async function furtherWarnings(
  { server, storage, clock, running, settingsFaults = [] }: StatusRequest,
  history: readonly HistoryRun[],
  found: Pick<WorkedTasks, 'progress' | 'missedOwn'> &
    Pick<CollectedStatus, 'massLoss' | 'mailArchive'> & {
      readonly faults: readonly string[];
    },
): Promise<StatusWarning[]> {
  const isPlanned = settingsFaults.length === 0;

  return [
    ...settingsFaults.map(critical),
    ...runWarnings(history, storage.name, clock()),
    ...found.missedOwn.map(warning),
    ...(await leftStoppedWarnings(server.installation, clock)),
    ...mailArchiveWarnings(found.mailArchive),
    ...massLossWarnings(found.massLoss),
    ...[...found.faults, ...runningFaults(running)].map(warning),
    ...(isPlanned ? found.progress.warnings : []),
  ];
}

function progressOf(
  { dir }: Installation,
  { running }: BackupRuns,
): RunProgress | undefined {
  return running && readRunProgress(dir, running.id);
}

function nextRunsOf(
  { server, clock }: StatusRequest,
  { isWorkedThrough }: ScheduleProgress,
): readonly TaskMoment[] {
  return isWorkedThrough
    ? planNext(server.settings.schedule, clock(), NEXT_RUNS)
    : [];
}

/** Nobody starts it again, and nothing else says why it is down. */
async function leftStoppedWarnings(
  installation: Installation,
  clock: Clock,
): Promise<StatusWarning[]> {
  const text = await leftStoppedWarning(installation, clock);

  return text === undefined ? [] : [critical(text)];
}

/** What the last backup left out, known to the administrator. */
function findLeftOut(
  history: readonly HistoryRun[],
): Pick<CollectedStatus, 'accepted' | 'excluded'> {
  const facts = history.findLast(
    (run) => run.facts.accepted !== undefined,
  )?.facts;

  return {
    accepted: facts?.accepted ?? 0,
    excluded: facts?.excluded,
  };
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

  return {
    to,
    copiedAt,
    newest,
    behindMs,
  };
}
