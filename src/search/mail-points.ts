import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import { toChain } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { SEALED } from '../archive/archive-facts.js';
import { describeIncompleteness, partsOf } from '../archive/completeness.js';
import { describeLost } from '../archive/damage.js';
import { headersIdentityOf } from '../archive/headers/header-cache.js';
import type { IndexedArchive } from '../archive/headers/header-index.js';
import { archiveName } from '../archive/names.js';
import { isReadFailure } from '../archive/zip/source.js';
import { DamagedArchiveError, errnoOf, messageOf } from '../errors.js';

/** The points in time of the mail that a backup directory has, and what keeps the others from being one. */

/** What a look at an archive found. */
export interface Look {
  readonly isPoint: boolean;
  readonly isWhole: boolean;
  readonly knowsDeletions: boolean;
  readonly note: string | undefined;
  /** True where the next look may find more: the system refused this one. */
  readonly isPassing: boolean;
}

const NO_MAIL: Look = {
  isPoint: false,
  isWhole: true,
  knowsDeletions: true,
  note: undefined,
  isPassing: false,
};

/** Says whether an archive holds mail by its request, so that what it lacks is gone. */
function holdsMail({ facts }: ArchiveState): boolean {
  return partsOf(facts)?.includes('mail') ?? true;
}

/** The archives in the order of a search: newest first, and the differentials of a full together, before it. */
export function inSearchOrder(states: readonly ArchiveState[]): ArchiveState[] {
  const groups = new Map<string, ArchiveState[]>();

  for (const state of [...states].reverse()) {
    const { stem } = (state.base ?? state.facts).files;
    groups.set(stem, [...(groups.get(stem) ?? []), state]);
  }

  return [...groups.values()].flat();
}

/**
 * Opens a point, and does something with it. Damage, and what the system refuses, is a note: it does not hide what other
 * archives hold.
 */
export async function lookAt(
  state: ArchiveState,
  visit: (chain: ChainIndex) => Promise<void>,
): Promise<Look> {
  if (!holdsMail(state)) return NO_MAIL;

  const name = archiveName(state.facts.files.stem);
  const reason = reasonToPass(state);
  if (reason !== undefined) {
    return refusal(`${name} ${reason}`, isPassing(state));
  }

  try {
    const chain = await readChainIndex(toChain(state));
    await visit(chain);

    return lookOf(chain, name);
  } catch (error) {
    if (error instanceof DamagedArchiveError) {
      return refusal(`${name} is damaged: ${messageOf(error)}`, false);
    }

    if (!isReadFailure(causeOf(error))) throw error;

    const cause = errnoOf(causeOf(error)) ?? messageOf(error);

    return refusal(`${name} cannot be read: ${cause}`, true);
  }
}

/** Why nothing of a point can be read; undefined where some of it may be. */
function reasonToPass(state: ArchiveState): string | undefined {
  if (isClosed(state)) return `cannot be read: ${SEALED}`;
  if (state.isRecoverable || state.isPartlyRecoverable) return undefined;

  return describeIncompleteness(state) ?? 'cannot be recovered';
}

function isPassing(state: ArchiveState): boolean {
  return isClosed(state) || state.unreadable !== undefined;
}

/** Nobody here can look into it. */
function isClosed({ facts, base }: ArchiveState): boolean {
  return facts.told !== undefined || base?.told !== undefined;
}

function lookOf(
  { archives, point, knowsDeletions }: ChainIndex,
  name: string,
): Look {
  const leavesOut = point.facts.version?.leavesOut !== undefined;
  const lost = archives.flatMap(({ archive }) => archive.lost);

  return {
    isPoint: true,
    // What it leaves out on purpose it may have lacked or not: nobody says since when such mail is gone.
    isWhole: lost.length === 0 && !leavesOut,
    knowsDeletions,
    note:
      lost.length === 0
        ? undefined
        : `${name} is not all there: ${lost.map(describeLost).join(', ')}`,
    isPassing: false,
  };
}

function refusal(note: string, isPassing: boolean): Look {
  return { ...NO_MAIL, isWhole: false, note, isPassing };
}

/** The system's error, which a sentence about it may hold. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && isReadFailure(error.cause)
    ? error.cause
    : error;
}

/** An archive as an index describes it. @param stems of all archives, oldest first */
export function describeArchive(
  files: ArchiveFiles,
  base: ArchiveFiles | undefined,
  stems: readonly string[],
  look: Look,
): IndexedArchive {
  const at = base ? stems.indexOf(base.stem) : -1;

  return {
    stem: files.stem,
    type: files.type,
    takenAtMs: files.takenAt.getTime(),
    identity: headersIdentityOf(files),
    base: at < 0 ? undefined : at,
    isPoint: look.isPoint,
    isWhole: look.isWhole,
    knowsDeletions: look.knowsDeletions,
    note: look.note,
  };
}
