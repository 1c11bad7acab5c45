import { join } from 'node:path';
import { FailedError, NotFoundError } from '../errors.js';
import {
  type FoundJournal,
  findJournals,
  realDirectories,
  STAGING_NAME,
} from '../server/recover-journal.js';
import { isOfMessages } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';
import { type Cost, NO_COST } from './cost.js';
import { keepSince } from './keep-since.js';
import { type CostFields, describeCost } from './describe-recover.js';
import type { IndexedMessages } from './indexed-messages.js';
import { plural } from '../platform/units.js';
import { holdPlaces, refuseHeldPlaces, refuseMissingPlaces } from './places.js';
import type { RecoverRequest } from './request.js';
import { measureRollback, type RollbackCost } from './rollback-cost.js';
import { makeStaging, mendStaging } from './staging.js';
import { countAdded, type TakenBack } from './take-back.js';
import { goBack } from './undo.js';

/** The state that a rollback puts back, and what that costs. */
export interface RollbackPlan extends RollbackCost {
  /** The cost as a report says it. */
  readonly costFields: CostFields;
  readonly archive: string;
  /** When the recover that is undone was started: RFC 3339, UTC. */
  readonly startedAt: string;
  readonly restores: readonly string[];
  /** What an additive recover added and is taken back; undefined for all others. */
  readonly takesBack?: TakenBack | undefined;
  /** What came in since is kept beside the state that comes back. */
  readonly keepsSince: boolean;
}

/** A rollback that was made. */
export interface RollbackReport extends RollbackPlan {
  /** The directories that hold what came in since. */
  readonly keptIn: readonly string[];
  /** What could not be removed of the state that was live. */
  readonly warnings: readonly string[];
}

/** The places in which a rollback looks for a journal. */
export type RollbackPlaces = Pick<
  RecoverRequest,
  'storeDir' | 'cfgDir' | 'named'
>;

/**
 * Tells the outcome of `rollBack` now; changes nothing.
 * @throws {NotFoundError} when no old state is kept · {FailedError} when it is not whole any more
 */
export async function planRollback(
  request: RecoverRequest,
): Promise<RollbackPlan> {
  return planFor(request, chooseJournal(request));
}

async function planFor(
  request: RecoverRequest,
  found: FoundJournal,
): Promise<RollbackPlan> {
  const { archive, startedAt, units, added } = found.journal;
  const measured = await measureRollback(request, found);
  const takesBack = added === undefined ? undefined : countAdded(added);
  const cost = takesBack ? costOfTaking(takesBack) : measured.cost;

  return {
    archive,
    startedAt,
    restores: units.map(({ live }) => live),
    keepsSince: request.keeping !== 'never' && measured.since.length > 0,
    costFields: describeCost(cost),
    since: measured.since,
    cost,
    ...(takesBack && { takesBack }),
  };
}

/** What was added goes, and the archive has it. */
function costOfTaking({ messages, files, indexed }: TakenBack): Cost {
  return {
    ...NO_COST,
    loses: { ...NO_COST.loses, messages, files },
    notes: indexed.map(describeIndexed),
  };
}

/** The index holds the flags of all other mail of the folder, and stays as the server wrote it. */
function describeIndexed({ index, messages }: IndexedMessages): string {
  const named = plural(messages, 'message that goes', 'messages that go');

  return `${index} names ${named}; whether the mail server forgets what has no file is not known: where the folder shows mail that cannot be opened, stop the server and rename that index; it is made anew then, and the whole folder is unread`;
}

/**
 * Restores the state before the last recover that kept it, or that was interrupted. Messages that came in since are kept first.
 * @throws as `planRollback`
 */
export async function rollBack(
  request: RecoverRequest,
): Promise<RollbackReport> {
  const { home } = chooseJournal(request);
  const held = await holdPlaces(request, [home]);

  try {
    await request.refuseWhileRunning();

    const found = chooseJournal(request);
    refuseMissingPlaces(found);

    const plan = await planFor(request, found);

    for (const staging of found.journal.stagingDirs) {
      // What a later recover staged that died is not what this one brought.
      if (found.journal.phase === 'kept') makeStaging(staging);
      else mendStaging(staging);
    }

    const keptIn = plan.keepsSince ? keepSince(found, plan.since) : [];

    return { ...plan, keptIn, warnings: goBack(found) };
  } finally {
    held.release();
  }
}

/** Refuses while another recover, or a backup, works where this rollback would. @throws {LockedError} · as `planRollback` */
export function refuseBusyRollback(places: RollbackPlaces): void {
  refuseHeldPlaces([chooseJournal(places).home]);
}

/** The journal of what is undone: what was interrupted, else what was begun last. @throws as `planRollback` */
function chooseJournal(places: RollbackPlaces): FoundJournal {
  const { storeDir, cfgDir, named } = places;
  const all = findJournals([storeDir, cfgDir]).filter(
    ({ journal }) => journal.phase !== 'settled' && !isOfMessages(journal),
  );
  const meant = all.filter((one) => concerns(one, named));
  const [first] = meant.filter((one) => !laterThan(one, meant)).sort(byTurn);
  const [other] = all;

  if (!first) throw other ? elsewhere(other, named) : noRollback();

  const later = laterThan(first, all);
  if (later) throw covered(later);

  refuseIncomplete(first);

  return first;
}

/** What was recovered later in the same places, and goes first. */
function laterThan(
  one: FoundJournal,
  all: readonly FoundJournal[],
): FoundJournal | undefined {
  return all.find(
    (other) =>
      other.journal.level > one.journal.level && sharesPlace(one, other),
  );
}

/** Of recovers in different places, one that was interrupted comes first, then the one that was begun last. */
function byTurn(a: FoundJournal, b: FoundJournal): number {
  const isOpen = ({ journal }: FoundJournal): number =>
    journal.phase === 'kept' ? 0 : 1;

  return (
    isOpen(b) - isOpen(a) ||
    b.journal.startedAt.localeCompare(a.journal.startedAt)
  );
}

function sharesPlace(one: FoundJournal, other: FoundJournal): boolean {
  return one.journal.stagingDirs.some((staging) =>
    other.journal.stagingDirs.includes(staging),
  );
}

function covered({ journal: { archive, startedAt } }: FoundJournal): Error {
  return new FailedError(
    `the recover of ${archive}, begun ${startedAt}, came later in the same places`,
    {
      hints: [
        'Undo that one first: recover --rollback, without --store and --cfgdir.',
      ],
    },
  );
}

/** Whoever names a place means what was recovered there. */
function concerns(
  { home, journal }: FoundJournal,
  named: readonly string[],
): boolean {
  const stagings = [join(home, STAGING_NAME), ...journal.stagingDirs];
  return named.every((directory) => {
    const [place] = realDirectories([directory]);
    return place !== undefined && stagings.includes(join(place, STAGING_NAME));
  });
}

function noRollback(): NotFoundError {
  return new NotFoundError('no state before a recover is kept', {
    hints: [
      'A recover keeps it where the space is there, and not with --no-keep-old or --in-place.',
    ],
  });
}

function elsewhere(
  { home, journal }: FoundJournal,
  named: readonly string[],
): NotFoundError {
  return new NotFoundError(
    `no state before a recover is kept in ${named.join(' and ')}`,
    {
      hints: [
        `That before the recover of ${journal.archive}, begun ${journal.startedAt}, is in ${home}: undo it with recover --rollback, without --store and --cfgdir.`,
      ],
    },
  );
}

/** A state that is not there whole cannot be put back. */
function refuseIncomplete({ journal }: FoundJournal): void {
  const { archive, phase, units } = journal;
  if (phase === 'emptied' || journal.isInPlace) {
    throw new FailedError(
      `the recover of ${archive} removed the state before it (--in-place): there is no way back`,
      {
        hints: ['Run that recover again: it completes what was begun.'],
      },
    );
  }

  const missing =
    phase === 'kept'
      ? units.find(({ hadLive, old }) => hadLive && !exists(old))
      : undefined;

  if (!missing) return;

  throw new FailedError(
    `the state before the recover of ${archive} is not whole any more: ${missing.old} is not there`,
    {
      hints: [
        'Nothing was changed. Where it was moved, move it back; otherwise recover from an archive.',
      ],
    },
  );
}
