import { SALVAGE_HINT } from './damage.js';
import {
  type ArchiveFiles,
  findArchiveFiles,
  listArchiveFiles,
} from './backup-directory.js';
import { inspectArchives, inspectStorage } from './inspect.js';
import type { Storage } from './storage.js';
import type { ArchivePlace } from './storages.js';
import { describeIncompleteness, partsOf } from './completeness.js';
import type { ArchiveState } from './archive-state.js';
import {
  BaseMissingError,
  DamagedArchiveError,
  messageOf,
  NotFoundError,
} from '../errors.js';
import { toSystemError } from '../platform/system-error.js';

/** The archives that make up one point in time: a full or copy, or a full and one differential. */
export interface Chain {
  /** The base first. */
  readonly archives: readonly ArchiveFiles[];
  readonly point: ArchiveState;
  /** Newer archives that were passed over, and why: `cannot be recovered: …`. */
  readonly passedOver: readonly {
    readonly archive: string;
    readonly reason: string;
    /** It is damaged, and not only a backup of some parts. */
    readonly isDamaged: boolean;
  }[];
}

/**
 * Reads what `recover DIR|FILE` means (manual: a directory is the last complete backup, a file is that one). Of a
 * directory that is the newest point of which `read` finds whole what it wants: damage elsewhere is not in its way.
 * @param read refuses with a DamagedArchiveError what damage touches
 * @throws {NotFoundError} when there is nothing · {DamagedArchiveError} when what is wanted cannot be recovered ·
 * {BaseMissingError} when a differential's full is gone · {Error} the operating system's, when an archive that would be
 * the point cannot be read this time: an older one is no answer to that
 */
export async function readPoint<T>(
  { storage, fileName }: ArchivePlace,
  read: (chain: Chain) => Promise<T>,
): Promise<T> {
  return fileName === undefined
    ? readNewest(storage, read)
    : read(await namedChain(storage, fileName));
}

async function readNewest<T>(
  storage: Storage,
  read: (chain: Chain) => Promise<T>,
): Promise<T> {
  const states = await inspectStorage(storage);
  if (states.length === 0) {
    throw new NotFoundError(`there is no archive in ${storage.name}`, {
      hints: ['Name the directory that holds F….zip, C….zip, I….zip.'],
    });
  }

  const refusals = new Map<ArchiveState, DamagedArchiveError>();
  for (const point of orderPoints(states)) {
    refuseUnread(states, point);

    const newer = states.slice(states.indexOf(point) + 1);

    const passedOver = newer.map((state) => ({
      archive: state.facts.files.stem,
      reason: reasonToPass(state, refusals.get(state)),
      isDamaged: !state.isRecoverable,
    }));

    try {
      return await read(toChain(point, passedOver));
    } catch (error) {
      // Damage that nobody knew of must not lead to an older state in silence.
      const isKnown =
        error instanceof DamagedArchiveError && !point.isRecoverable;
      if (isKnown) {
        refusals.set(point, error);
      } else if (!(error instanceof NotFoundError) || refusals.size === 0) {
        throw error;
      }
    }
  }

  throw nothingLeft(storage, states, refusals);
}

/**
 * The points that can be recovered, the newest first. An incomplete backup is the point only where there is no complete
 * one: then one of everything goes before one of some parts.
 */
function orderPoints(states: readonly ArchiveState[]): ArchiveState[] {
  const usable = states
    .filter((state) => state.isRecoverable || state.isPartlyRecoverable)
    .reverse();
  const ranks = usable.map(rankOf);

  return [0, 1, 2].flatMap((rank) =>
    usable.filter((_, at) => ranks[at] === rank),
  );
}

function rankOf({ facts, lacks }: ArchiveState): number {
  if (partsOf(facts) !== undefined) return 2;
  return lacks.length > 0 ? 1 : 0;
}

/** @throws {Error} the operating system's, where an archive that goes before this point could not be read */
function refuseUnread(
  states: readonly ArchiveState[],
  point: ArchiveState | undefined,
): void {
  const isComplete = point && rankOf(point) === 0;
  const before = isComplete ? states.slice(states.indexOf(point) + 1) : states;
  const unread = before.findLast(({ unreadable }) => unreadable !== undefined);
  if (unread?.unreadable) throw unreadError(unread, unread.unreadable);
}

/** An archive that cannot be read this time is no damaged one: nobody is given an older state in its place. */
function unreadError({ facts, base }: ArchiveState, cause: Error): unknown {
  const { stem } = (base?.unreadable ? base : facts).files;
  const hints = [
    'Nothing was changed. Run it again when the disk or share is well, or name an older archive yourself.',
  ];

  return (
    toSystemError(cause, { fact: `${stem}.zip cannot be read`, hints }) ?? cause
  );
}

function nothingLeft(
  storage: Storage,
  states: readonly ArchiveState[],
  refusals: ReadonlyMap<ArchiveState, DamagedArchiveError>,
): Error {
  refuseUnread(states, undefined);

  const [newest] = refusals;
  if (newest) {
    const [{ facts }, refusal] = newest;
    return new DamagedArchiveError(
      `no archive in ${storage.name} has all of what was asked for; the newest, ${facts.files.stem}.zip, cannot be recovered: ${messageOf(refusal)}`,
      { hints: refusal.hints, cause: refusal },
    );
  }

  const worst = states.at(-1);

  return new DamagedArchiveError(
    `no archive in ${storage.name} can be recovered; the newest, ${worst?.facts.files.stem ?? ''}.zip, cannot be recovered: ${worst?.fault ?? ''}`,
    { hints: ['See list-archives for the reason of each.', SALVAGE_HINT] },
  );
}

function reasonToPass(
  state: ArchiveState,
  refusal: DamagedArchiveError | undefined,
): string {
  if (refusal) return `cannot be recovered: ${messageOf(refusal)}`;
  return describeIncompleteness(state) ?? 'is passed over';
}

async function namedChain(storage: Storage, fileName: string): Promise<Chain> {
  const files = await findArchiveFiles(storage, fileName);
  const candidates =
    files.type === 'differential' ? await listArchiveFiles(storage) : [files];
  const states = await inspectArchives(storage, candidates);
  const point = states.find(({ facts }) => facts.files.stem === files.stem);
  if (!point) {
    throw new NotFoundError(`there is no archive ${storage.pathOf(fileName)}`);
  }

  if (point.isRecoverable || point.isPartlyRecoverable) {
    return toChain(point, []);
  }

  if (point.unreadable) throw unreadError(point, point.unreadable);

  const message = `${fileName} cannot be recovered: ${point.fault ?? ''}`;
  if (
    point.facts.fault === undefined &&
    files.type === 'differential' &&
    !point.base
  ) {
    throw new BaseMissingError(message, {
      hints: [
        'Put the full that it needs beside it, with all its volumes.',
        SALVAGE_HINT,
      ],
    });
  }

  throw new DamagedArchiveError(message, {
    hints: [
      'See list-archives for archives that can be recovered.',
      SALVAGE_HINT,
    ],
  });
}

/** The chain of a state that is known already. */
export function toChain(
  point: ArchiveState,
  passedOver: Chain['passedOver'] = [],
): Chain {
  const archives = point.base
    ? [point.base.files, point.facts.files]
    : [point.facts.files];
  return { archives, point, passedOver };
}

/** Notes on newer archives that were passed over. */
export function describePassed({ passedOver }: Chain): string[] {
  return passedOver.map(
    ({ archive, reason }) => `${archive}.zip is newer, but ${reason}`,
  );
}
