import { archiveName } from '../archive/names.js';
import { statfsSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { countMessages } from '../archive/inspect.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import type { Clock } from '../platform/clock.js';
import { toSystemError } from '../platform/system-error.js';
import { VERSION } from '../platform/tool.js';
import type {
  MailboxSize,
  StatusArchive,
  StatusFacts,
} from '../page/status-facts.js';
import { statusPage } from '../page/status-page.js';
import { indexMail } from '../recover/scope.js';
import { toChain } from '../recover/chain.js';
import { openChain } from '../recover/entries.js';
import { planNext } from '../schedule/due-plan.js';
import { readProgress } from '../schedule/progress.js';
import type { Installation } from '../server/installation.js';
import { folderLabel } from '../store/mail-names.js';
import type { ServerSettings } from '../server/settings.js';
import { inspectIfThere, readStatus } from '../status/status.js';

const SHOWN_RUNS = 5;

/** What a status page is made from. */
export interface PageRequest {
  readonly backupDir: string;
  readonly settings: ServerSettings;
  /** Worst first. */
  readonly warnings: readonly string[];
  /** How many of the warnings, from the first on, are serious. */
  readonly criticalWarnings: number;
  readonly clock: Clock;
  /** Somebody works through the schedule. */
  readonly isWorkedThrough: boolean;
}

/** The page of a backup directory's state. Reads the central directories of the newest point, and no data. */
export async function makeStatusPage(request: PageRequest): Promise<string> {
  return statusPage(await collectFacts(request));
}

/** The page of the state at this moment, as `status --html` writes it. */
export async function makeCurrentPage(
  installation: Installation,
  {
    settings,
    backupDir,
    clock,
  }: Pick<PageRequest, 'settings' | 'backupDir' | 'clock'>,
): Promise<string> {
  const { isWorkedThrough, warnings } = readProgress(
    installation,
    settings,
    clock(),
  );

  const limits = { maxAgeMs: undefined, scheduleWarnings: warnings };

  const report = await readStatus(installation, {
    storeDir: settings.storeDir,
    backupDir,
    clock,
    ...limits,
  });

  return makeStatusPage({ ...report, settings, clock, isWorkedThrough });
}

/**
 * Writes a page, whole or not at all.
 * @throws {SystemError} when the file cannot be written
 */
export function writeStatusPage(path: string, page: string): void {
  try {
    replaceOrdinaryFile(path, Buffer.from(page), 0o644);
  } catch (error) {
    const hints = ['Name a file in a directory that this user can write to.'];
    throw (
      toSystemError(error, { fact: `cannot write ${path}`, hints }) ?? error
    );
  }
}

async function collectFacts(request: PageRequest): Promise<StatusFacts> {
  const {
    backupDir,
    settings,
    clock,
    warnings,
    criticalWarnings,
    isWorkedThrough,
  } = request;

  const states = (await inspectIfThere(backupDir)) ?? [];
  const archives: StatusArchive[] = [];

  for (const state of states) archives.push(await toStatusArchive(state));

  return {
    hostname: settings.hostname === '' ? hostname() : settings.hostname,
    generatedAt: clock(),
    backupDir,
    storeDir: settings.storeDir,
    version: VERSION,
    warnings: warnings.map((text, index) => ({
      severity: index < criticalWarnings ? 'critical' : 'warning',
      text,
    })),
    archives,
    mailboxes: await measureMailboxes(states),
    nextRuns: isWorkedThrough ? nextRuns(settings, clock) : [],
    ...measureSpace(backupDir),
  };
}

/** Nothing where the directory is not there: its disk may not be mounted. */
function measureSpace(
  directory: string,
): Pick<StatusFacts, 'freeBytes' | 'totalBytes'> {
  if (!existsSync(directory)) return {};
  const { bavail, blocks, bsize } = statfsSync(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

async function toStatusArchive(state: ArchiveState): Promise<StatusArchive> {
  const { files } = state.facts;
  return {
    name: archiveName(files.stem),
    type: files.type,
    takenAt: files.takenAt,
    sizeBytes: files.sizeBytes,
    volumes: files.volumes.length,
    messages: await countMessages(state.facts),
    needs: state.base && archiveName(state.base.files.stem),
    verifiedAt: state.verifiedAt,
    isRecoverable: state.isRecoverable,
    problem: state.fault,
  };
}

function nextRuns(
  settings: ServerSettings,
  clock: Clock,
): StatusFacts['nextRuns'] {
  return planNext(settings.schedule, clock(), SHOWN_RUNS).map(
    ({ at, task }) => ({
      at,
      type: task.type,
      description: task.description,
    }),
  );
}

/** Users and folders by size, as the newest recoverable archive has them: its central directories alone are read. */
async function measureMailboxes(
  states: readonly ArchiveState[],
): Promise<MailboxSize[]> {
  const newest = states.findLast(({ isRecoverable }) => isRecoverable);
  if (!newest) return [];

  const index = indexMail(await openChain(toChain(newest)));

  return [...index.mailboxes].map(([name, { folders }]) => {
    const own = [...folders].map(([folder, counts]) => ({
      name: folderLabel(folder),
      ...counts,
    }));

    return {
      name,
      folders: own,
      messages: own.reduce((sum, { messages }) => sum + messages, 0),
      sizeBytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  });
}
