import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../archive/layout.js';
import { readSelections } from '../archive/read-archive.js';
import { DamagedArchiveError, FailedError, NotFoundError } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { plural } from '../platform/units.js';
import { type Chain, findChain } from './chain.js';
import { type ChainEntries, type EntryFilter, selectEntries } from './entries.js';
import { cleanUp, type Journal, readJournal, swapBack, swapForward, writeJournal } from './journal.js';
import { makeStaging, placeUnit, toUnits } from './placement.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { checkSpace, freeBytesAt, type PlacedTop, stage } from './stage.js';

/** Held by whoever replaces the store; a backup that finds it does not start. */
export const RECOVER_LOCK = '.kms-backup-recover.lock';

/** A recover that has been thought through and not begun. */
export interface PlannedRecover {
  readonly chain: Chain;
  readonly entries: ChainEntries;
  readonly report: RecoverReport;
}

/**
 * Finds the archives, checks their structure and the space, and says what would be replaced. Changes nothing.
 * @throws {NotFoundError} when the archive holds nothing of what was asked for
 */
export async function planRecover(request: RecoverRequest, filter?: EntryFilter): Promise<PlannedRecover> {
  const chain = await findChain(request.from);
  const entries = await selectEntries(chain, filter ?? maskFilter(request));
  if (entries.tops.length === 0) throw nothingFound(chain, entries);
  const { needed, free } = checkSpace(request, entries);
  const report: RecoverReport = {
    schema: 'kms-backup/recover/1',
    isDryRun: true,
    archives: chain.archives.map(({ volumes }) => volumes[0]?.name ?? ''),
    takenAt: chain.point.facts.files.takenAt,
    storeDir: request.storeDir,
    cfgDir: request.cfgDir,
    replaces: entries.tops.map(({ area, name }) => join(area === 'store' ? request.storeDir : request.cfgDir, name)),
    messages: entries.messages,
    files: entries.files,
    bytes: entries.bytes,
    neededBytes: needed,
    freeBytes: free,
    warnings: collectWarnings(chain, entries),
    keptOld: [],
    durationMs: 0,
  };
  return { chain, entries, report };
}

function maskFilter({ mask }: RecoverRequest): EntryFilter {
  if (!mask) return () => true;
  const isWanted = (name: string): boolean => {
    const place = placeOf(name);
    return place !== undefined && mask.has(place.component);
  };
  return (prefix) => (placeOf(prefix)?.path.includes('/') === true ? isWanted(prefix) : isWanted);
}

function nothingFound(chain: Chain, entries: ChainEntries): Error {
  const { files, version } = chain.point.facts;
  if (!version && entries.foreign.length > 0) {
    return new DamagedArchiveError(`${files.volumes[0]?.name ?? files.stem} is no backup of a mail server`, {
      hints: ['An archive holds .version.txt, the configuration and @backup/….'],
    });
  }
  return new NotFoundError(`${files.stem}.zip holds nothing of what was asked for`, {
    hints: ['See what it holds with recover --listing.'],
  });
}

function collectWarnings(chain: Chain, entries: ChainEntries): string[] {
  const warnings = chain.passedOver.map(
    ({ archive, reason }) => `${archive}.zip is newer, but cannot be recovered: ${reason}`,
  );
  if (!entries.knowsDeletions) {
    warnings.push(
      'the server wrote this differential: which mail was deleted since the full is unknown, and it comes back',
    );
  }
  if (entries.foreign.length > 0) {
    const [first] = entries.foreign;
    warnings.push(
      `${plural(entries.foreign.length, 'entry', 'entries')} of no part of a mail server left out, first ${JSON.stringify(first)}`,
    );
  }
  if (entries.windowsNames.length > 0) {
    warnings.push(
      `${plural(entries.windowsNames.length, 'name')} could not be recovered on Windows, first ${JSON.stringify(entries.windowsNames[0])}`,
    );
  }
  return warnings;
}

/**
 * Replaces what the plan names. Until the journal is written the old state is untouched; from then on the new state is
 * whole on the disk, and this call or the next one completes the swap.
 * @throws {KmsError} with the old state in place
 */
export async function runRecover(request: RecoverRequest, planned: PlannedRecover): Promise<RecoverReport> {
  const startMs = monotonicMs();
  const { entries } = planned;
  for (const directory of [request.storeDir, request.cfgDir]) mkdirSync(directory, { recursive: true });
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    finishInterrupted(request);
    dropKept(request.storeDir);
    const tops = entries.tops.map(({ area, name }): PlacedTop => {
      return { area, placement: placeUnit(area === 'store' ? request.storeDir : request.cfgDir, name) };
    });
    if (request.isInPlace) await removeOld(request, entries, tops);
    await stage(request, entries, tops);
    await request.refuseWhileRunning();
    const journal = swap(request, planned, tops);
    return {
      ...planned.report,
      isDryRun: false,
      keptOld: journal.keepsOld ? journal.units.filter(({ hadLive }) => hadLive).map(({ old }) => old) : [],
      durationMs: monotonicMs() - startMs,
    };
  } finally {
    lock.release();
  }
}

function lockStore(request: RecoverRequest): Promise<Lock> {
  return acquireLock({
    path: join(request.storeDir, RECOVER_LOCK),
    what: 'the store',
    command: 'recover',
    clock: request.clock,
    ...(request.signal ? { signal: request.signal } : {}),
  });
}

/** Proves every byte of the archive, then makes room: the only way that touches the old state before the new one is there. */
async function removeOld(request: RecoverRequest, entries: ChainEntries, tops: readonly PlacedTop[]): Promise<void> {
  const { problems } = await readSelections(entries.selections, { ...request, phase: 'verifying' });
  const [first] = problems;
  if (first)
    throw new DamagedArchiveError(`entry ${JSON.stringify(first.name)} is damaged: ${first.reason}`, {
      hints: ['Nothing was changed.'],
    });
  for (const { placement } of tops) {
    for (const unit of toUnits(placement, false)) rmSync(unit.live, { recursive: true, force: true });
  }
  if (entries.diskBytes > freeBytesAt(request.storeDir)) {
    throw new FailedError('there is too little space even without the old store, which is removed', {
      hints: ['Free space, then recover again: the archive was read whole and is sound.'],
    });
  }
}

function swap(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): Journal {
  const journal: Journal = {
    phase: 'swapping',
    archive: planned.report.archives.join(' + '),
    startedAt: request.clock().toISOString(),
    units: tops.flatMap(({ placement }) => toUnits(placement, request.keepsBeside)),
    keepsOld: request.keepsOld || request.keepsBeside,
    stagingDirs: [...new Set(tops.map(({ placement }) => placement.staging))],
  };
  writeJournal(request.storeDir, journal);
  swapForward(journal.units);
  endSwap(request.storeDir, journal);
  return journal;
}

/** The new state is complete: the old one goes, or is kept for a rollback. */
function endSwap(storeDir: string, journal: Journal): void {
  if (journal.keepsOld) writeJournal(storeDir, { ...journal, phase: 'kept' });
  else cleanUp(storeDir, journal);
}

/**
 * Completes a recover or rollback that was interrupted.
 * @returns what was completed, for a line to the user
 */
export function finishInterrupted({ storeDir }: Pick<RecoverRequest, 'storeDir'>): string | undefined {
  const journal = readJournal(storeDir);
  if (!journal || journal.phase === 'kept') return undefined;
  if (journal.phase === 'swapping') {
    swapForward(journal.units);
    endSwap(storeDir, journal);
    return `the recover of ${journal.archive} that was interrupted is complete now`;
  }
  swapBack(journal.units);
  cleanUp(storeDir, journal);
  return 'the rollback that was interrupted is complete now';
}

/** One undo is kept: that of the recover before goes when the next one begins. */
function dropKept(storeDir: string): void {
  const journal = readJournal(storeDir);
  if (journal) cleanUp(storeDir, journal);
}

/**
 * Restores the state before the last recover that kept it.
 * @returns the paths that were put back
 * @throws {NotFoundError} when no old state is kept
 */
export async function rollBack(request: RecoverRequest): Promise<string[]> {
  if (statSync(request.storeDir, { throwIfNoEntry: false }) === undefined) throw noRollback();
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    finishInterrupted(request);
    const journal = readJournal(request.storeDir);
    if (!journal) throw noRollback();
    for (const staging of journal.stagingDirs) makeStaging(staging);
    writeJournal(request.storeDir, { ...journal, phase: 'rolling-back' });
    swapBack(journal.units);
    cleanUp(request.storeDir, journal);
    return journal.units.map(({ live }) => live);
  } finally {
    lock.release();
  }
}

function noRollback(): NotFoundError {
  return new NotFoundError('no state before a recover is kept', {
    hints: ['A recover keeps it when it is run with --keep-old or --backup.'],
  });
}
