/** Pinning an archive, so that no rotation removes it, and taking the pin away. */
import { basename } from 'node:path';
import type { ArchiveState } from '../archive/archive-state.js';
import { inspectStorage } from '../archive/inspect.js';
import { archiveName } from '../archive/names.js';
import { isKeptByPin } from '../archive/pin-words.js';
import { findPin, type Pin, writePin } from '../archive/pins.js';
import type { Storage } from '../archive/storage.js';
import type { ArchivePlace } from '../archive/storages.js';
import { FailedError, NotFoundError, UsageError } from '../errors.js';
import { type Clock, systemClock } from '../platform/clock.js';
import { formatMoment } from '../platform/dates.js';
import { nearestNames } from '../platform/nearest.js';
import { readIniFile } from '../settings/ini-file.js';
import { chooseStorage, locate } from './archive-places.js';
import { findOpenServer, openServer, type ServerFlags } from './server.js';
import { choose, LOCK_WAIT_MS, type SourceFlags } from './setting-sources.js';

/** What a new pin says. */
export interface NewPin {
  readonly reason?: string | undefined;
  readonly until?: Date | undefined;
}

export interface PinRequest {
  readonly storage: Storage;
  /** The archive, as `list-archives` prints it, or without its `.zip`. */
  readonly archive: string;
  /** Undefined: the pin is taken away. */
  readonly pin: NewPin | undefined;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface PinReport {
  readonly archive: string;
  readonly isPinned: boolean;
  readonly reason: string | null;
  readonly until: Date | null;
  /** The file that says so; null where nothing was to be changed. */
  readonly file: string | null;
  /** The full that stays with a pinned differential. */
  readonly keeps: string | null;
}

/**
 * An archive is named as `list-archives` prints it, or with the directory or bucket that it lies in.
 * @throws {NotFoundError} without a server that is needed · {ConfigurationError} when a file of its settings is wrong · {UsageError}
 */
export function toPinRequest(
  flags: ServerFlags & SourceFlags,
  wanted: Pick<PinRequest, 'archive' | 'pin' | 'signal'>,
): PinRequest {
  const place = placeIn(wanted.archive, flags);
  const open =
    !place && flags['backup-dir'] === undefined
      ? openServer(flags)
      : findOpenServer(flags);
  const ini = open && readIniFile(open.installation.dir);
  const sources = { flags, ini, server: open?.settings };

  return {
    ...wanted,
    archive: place?.fileName ?? wanted.archive,
    storage: place?.storage ?? chooseStorage(flags, sources),
    lockWaitMs: choose(LOCK_WAIT_MS, sources),
    clock: systemClock,
  };
}

/** Undefined where a name says nothing of where the archive lies. */
function placeIn(
  archive: string,
  flags: ServerFlags & SourceFlags,
): ArchivePlace | undefined {
  if (basename(archive) === archive) return undefined;

  if (flags['backup-dir'] !== undefined) {
    throw new UsageError(
      `${archive} says where it lies, and so does --backup-dir`,
      { hints: ['Give one of the two.'] },
    );
  }

  return locate(archive, flags);
}

/**
 * Writes the pin while nobody rotates.
 * @throws {NotFoundError} where there is no such archive · {LockedError} · {UsageError} for a date that is over
 */
export async function pinArchive(request: PinRequest): Promise<PinReport> {
  const { storage, clock, lockWaitMs, signal, pin } = request;
  refusePast(pin, clock());

  const lock = await storage.lock.take({
    command: pin ? 'pin' : 'unpin',
    clock,
    waitMs: lockWaitMs,
    hasWaitFlag: true,
    signal,
  });

  try {
    const states = await inspectStorage(storage);
    const state = findState(states, request);

    return await writeAndProve(request, state);
  } finally {
    lock.release();
  }
}

/** @throws {UsageError} for a pin that would keep nothing */
export function refusePast(pin: NewPin | undefined, now: Date): void {
  if (!pin?.until || pin.until > now) return;

  throw new UsageError(
    `a pin cannot end before it begins: it is ${formatMoment(now)}`,
    { hints: ['Give --until a day to come, or leave it out.'] },
  );
}

function findState(
  states: readonly ArchiveState[],
  { archive, storage }: PinRequest,
): ArchiveState {
  const stem = archive.replace(/\.zip(\.age)?$/i, '');
  const state = states.find(({ facts }) => facts.files.stem === stem);
  if (state) return state;

  const names = states.map(({ facts }) => archiveName(facts.files.stem));
  const [nearest] = nearestNames(archive, names);

  throw new NotFoundError(`there is no archive ${archive} in ${storage.name}`, {
    hints: [
      nearest === undefined
        ? 'List what is there with list-archives.'
        : `Did you mean ${nearest}?`,
    ],
  });
}

async function writeAndProve(
  { storage, clock, pin }: PinRequest,
  { facts, base, pin: before }: ArchiveState,
): Promise<PinReport> {
  const { stem } = facts.files;
  const at = clock();
  const isChange = pin !== undefined || isKeptByPin(before, at);
  const wanted: Pin = { isPinned: pin !== undefined, at, ...pin };

  const file = isChange ? await writePin(storage, stem, wanted) : null;
  if (file !== null) await refuseUnwritten(storage, stem, wanted);

  const { isPinned, reason = null, until = null } = wanted;

  return {
    archive: archiveName(stem),
    ...{ isPinned, reason, until },
    file: file === null ? null : storage.pathOf(file),
    keeps: pin && base ? archiveName(base.files.stem) : null,
  };
}

/** What is believed is what was read back. */
async function refuseUnwritten(
  storage: Storage,
  stem: string,
  wanted: Pin,
): Promise<void> {
  const written = await findPin(storage, stem);
  if (
    written &&
    'isPinned' in written &&
    written.isPinned === wanted.isPinned
  ) {
    return;
  }

  throw new FailedError(
    `the pin of ${archiveName(stem)} was written to ${storage.name}, and does not say so`,
    { hints: ['Look whether the disk or share is healthy, then try again.'] },
  );
}
