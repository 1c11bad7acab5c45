import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles, Catalogue } from '../archive/backup-directory.js';
import { holdsParts } from '../archive/completeness.js';
import { inspectArchives } from '../archive/inspect.js';

/** The archives that a full may copy out of: a full, and the newest differential to it. */
export interface ReusableArchives {
  /** The newest first. */
  readonly archives: readonly ArchiveState[];
  /** How many fulls in a row, up to this one, would hold what was copied. */
  readonly depth: number;
}

/** Why a full reads everything from the store. */
export interface NoReuse {
  readonly reason: string;
  /** True where an archive is not as it should be, and not only the rule says so. */
  readonly isFault: boolean;
}

/** What a run asks of the archives that it copies out of. */
export interface ReuseWish {
  /** Of so many fulls one is read from the store whole. */
  readonly freshEvery: number;
  readonly volumeLimitBytes: number;
  /** The parts that alone are wanted; undefined: everything. */
  readonly parts: readonly string[] | undefined;
}

/**
 * The newest full that is proven, with its newest differential where that is proven too. An archive that was not read back,
 * is damaged, or was written by the server or with another volume size is no such full.
 */
export async function findReusable(
  { storage, archives }: Catalogue,
  wish: ReuseWish,
): Promise<ReusableArchives | NoReuse> {
  const states = await inspectArchives(storage, archives);
  let first: NoReuse | undefined;

  for (const state of states.toReversed()) {
    if (state.facts.files.type !== 'full') continue;
    if (!holdsParts(state.facts, wish.parts)) continue;

    const fault = findFault(state, wish);
    if (!fault) return judgeDepth(state, states, wish);

    first ??= fault;
  }

  return first ?? { reason: 'there is no full archive yet', isFault: false };
}

function judgeDepth(
  full: ArchiveState,
  states: readonly ArchiveState[],
  wish: ReuseWish,
): ReusableArchives | NoReuse {
  const depth = (full.facts.version?.reused?.depth ?? 0) + 1;

  if (depth >= wish.freshEvery) {
    const reason =
      wish.freshEvery === 1
        ? 'fresh-every is 1'
        : `one of ${wish.freshEvery} fulls is read from the store, and it is its turn`;

    return { reason, isFault: false };
  }

  const differential = states.findLast(
    ({ facts, base }) =>
      facts.files.type === 'differential' &&
      base?.files.stem === full.facts.files.stem,
  );

  const isUsable =
    differential !== undefined && findFault(differential, wish) === undefined;

  return { archives: isUsable ? [differential, full] : [full], depth };
}

/** Why nothing is copied out of an archive. */
function findFault(
  state: ArchiveState,
  { volumeLimitBytes }: ReuseWish,
): NoReuse | undefined {
  const { files, version, told } = state.facts;
  const name = `${files.stem}.zip`;

  if (!state.isRecoverable) {
    const reason = `${name} cannot be used: ${state.fault ?? 'its base is missing'}`;

    return { reason, isFault: true };
  }

  if (told) {
    return {
      reason: `${name} is sealed, and no identity was given`,
      isFault: false,
    };
  }

  if (version?.tool === undefined) {
    return { reason: `the server wrote ${name}`, isFault: false };
  }

  if (state.verifiedAt === undefined) {
    return { reason: `${name} is not verified`, isFault: false };
  }

  return hasOtherVolumeSize(files, version.volumeSizeBytes, volumeLimitBytes)
    ? { reason: `${name} has volumes of another size`, isFault: false }
    : undefined;
}

/** Archives of earlier versions do not say their volume size. */
function hasOtherVolumeSize(
  { volumes }: ArchiveFiles,
  saidBytes: number | undefined,
  limitBytes: number,
): boolean {
  return saidBytes === undefined
    ? volumes.some(({ sizeBytes }) => sizeBytes > limitBytes)
    : saidBytes !== limitBytes;
}
