/** Everything that the status page shows, measured and read: archives, mailboxes, space. */
import { hostname } from 'node:os';
import type { ArchiveState } from '../archive/archive-state.js';
import { countMessages } from '../archive/inspect.js';
import { describeDrill } from '../archive/proof.js';
import { formatMinute } from '../platform/dates.js';
import { archiveName } from '../archive/names.js';
import { describePin } from '../archive/pin-words.js';
import type {
  MailboxSize,
  StatusArchive,
  StatusFacts,
} from '../page/status-facts.js';
import { VERSION } from '../platform/tool.js';
import { toChain } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { SealedError } from '../errors.js';
import { indexMail } from '../recover/index-mail.js';
import { describeLastRun, describeRunning } from '../history/run-words.js';
import type { StatusReport } from '../status/status-report.js';
import { plural } from '../platform/units.js';
import { describeLeftOut } from '../store/left-out-words.js';
import { folderLabel } from '../store/mail-names.js';
import type { CollectedStatus, StatusRequest } from './collect-status.js';

/** Reads what the page shows besides the state: the central directories of the newest point, and no data. */
export async function collectFacts(
  { server, storage, clock }: StatusRequest,
  { report, states, nextRuns, runs, progress, ...rest }: CollectedStatus,
): Promise<StatusFacts> {
  const { settings } = server;
  const space = states && (await storage.freeSpace());
  const archives: StatusArchive[] = [];

  for (const state of states ?? []) {
    archives.push(await toStatusArchive(state, clock()));
  }

  return {
    hostname: settings.hostname === '' ? hostname() : settings.hostname,
    generatedAt: clock(),
    backupDir: storage.name,
    storeDir: settings.storeDir,
    version: VERSION,
    warnings: toPageWarnings(report),
    archives,
    mailboxes: await measureMailboxes(states ?? []),
    lastRun: describeLastRun(runs),
    running: runs.running && describeRunning(runs.running, progress),
    nextRuns: nextRuns.map(({ at, task: { type, description } }) => ({
      at,
      type,
      description,
    })),
    freeBytes: space?.freeBytes,
    totalBytes: space?.totalBytes,
    leftOut: describeKnown(rest),
    mailArchive: rest.mailArchive,
    mirror: rest.mirror,
  };
}

/** What the last backup left out and was known: neither silent nor a warning. */
function describeKnown({
  accepted,
  excluded,
}: Pick<CollectedStatus, 'accepted' | 'excluded'>): string | undefined {
  const words = [
    ...(excluded && excluded.domains + excluded.users + excluded.folders > 0
      ? [`on purpose: ${describeLeftOut(excluded)}`]
      : []),
    ...(accepted > 0 ? [`as accepted: ${plural(accepted, 'path')}`] : []),
  ];

  return words.length > 0 ? words.join('; ') : undefined;
}

function toPageWarnings({
  warnings,
  criticalWarnings,
}: StatusReport): StatusFacts['warnings'] {
  return warnings.map((text, index) => ({
    severity: index < criticalWarnings ? 'critical' : 'warning',
    text,
  }));
}

async function toStatusArchive(
  state: ArchiveState,
  now: Date,
): Promise<StatusArchive> {
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
    drilled: state.drilled && describeDrill(state.drilled, formatMinute),
    isRecoverable: state.isRecoverable,
    isBeingWritten: state.isBeingWritten,
    pin: describePin(state.pin, now),
    problem: state.fault,
  };
}

/** Users and folders with their sizes, as the newest recoverable archive has them. */
async function measureMailboxes(
  states: readonly ArchiveState[],
): Promise<MailboxSize[]> {
  const newest = states.findLast(({ isRecoverable }) => isRecoverable);
  const chain = newest && (await readIfOpen(newest));
  if (!chain) return [];

  const index = indexMail(chain);

  return [...index.mailboxes].map(([name, mailbox]) => {
    const folders = [...mailbox.folders].map(([folder, counts]) => ({
      name: folderLabel(folder),
      ...counts,
    }));

    return {
      name,
      folders,
      messages: folders.reduce((sum, { messages }) => sum + messages, 0),
      sizeBytes: folders.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  });
}

/** Undefined where nobody here can look into it, and no copy of its index tells. */
async function readIfOpen(
  state: ArchiveState,
): Promise<ChainIndex | undefined> {
  try {
    return await readChainIndex(toChain(state));
  } catch (error) {
    if (error instanceof SealedError) return undefined;

    throw error;
  }
}
