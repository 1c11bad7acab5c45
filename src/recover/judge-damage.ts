import {
  type Damage,
  damageIn,
  damagedNames,
  describeLost,
  describePlaces,
  SALVAGE_HINT,
} from '../archive/damage.js';
import {
  readSelections,
  type Selection,
} from '../archive/read/read-archive.js';
import type { ReadProblem } from '../archive/read/read-tasks.js';
import { isOwnText } from '../archive/summary.js';
import type { ReadArchive } from '../archive/verify.js';
import { DamagedArchiveError, NotFoundError, messageOf } from '../errors.js';
import { plural } from '../platform/units.js';
import type { ChainIndex } from '../archive/chain-index.js';
import { isProvenWhole } from './lost-volumes.js';
import { toReadError } from '../archive/read-error.js';
import type { Want } from './want.js';

/**
 * Compares what is known to be damaged in a chain with what is wanted of it. What a verify wrote down is advice: the
 * entries in question are read again.
 * @returns notes on damage that is not in the way
 * @throws {DamagedArchiveError} naming what is damaged and wanted · {Error} the operating system's
 */
export async function judgeDamage(
  chain: ChainIndex,
  selections: readonly Selection[],
  want: Want,
): Promise<string[]> {
  const notes = judgeVolumes(chain, want);
  for (const opened of chain.archives) {
    const doubt = findDoubt(chain, opened, selections);
    if (!doubt) continue;

    const { problems } = await readSelections(doubt.selections, {
      phase: 'verifying',
    }).catch((error: unknown) => {
      throw toReadError(error);
    });

    refuseDamaged(problems);
    notes.push(
      isEmpty(doubt)
        ? `${doubt.what}: nothing of that is among what was asked for`
        : `${doubt.what}, and what was asked for is sound now: run verify again`,
    );
  }

  return notes;
}

/** The same without reading: what a verify wrote down is taken as it stands. @throws {DamagedArchiveError} */
export function judgeRecorded(
  chain: ChainIndex,
  selections: readonly Selection[],
  want: Want,
): string[] {
  const notes = judgeVolumes(chain, want);
  for (const opened of chain.archives) {
    const doubt = findDoubt(chain, opened, selections);
    if (!doubt) continue;

    if (!isEmpty(doubt)) {
      throw new DamagedArchiveError(
        `${doubt.what}, and some of that was asked for`,
      );
    }

    notes.push(`${doubt.what}: nothing of that is among what was asked for`);
  }

  return notes;
}

/**
 * Tells whether the volumes that cannot be looked into may hold some of what is wanted.
 * @returns notes where they cannot
 * @throws {DamagedArchiveError} where nobody can tell
 */
export function judgeVolumes(chain: ChainIndex, want: Want): string[] {
  if (!want.components) chain.archives.forEach(refuseDamagedTexts);

  return chain.archives.flatMap((opened) => judgeLost(chain, opened, want));
}

/** The texts of an archive prove that it is all there: without them nobody gets it as a whole. */
function refuseDamagedTexts({
  facts: { files, damage, fault },
}: ReadArchive): void {
  if (!damagedNames(damage).some(isOwnText)) return;

  throw new DamagedArchiveError(
    `${files.stem}.zip: ${fault ?? ''}: whether the archive is complete cannot be proven`,
    {
      hints: [
        'Use another archive, or recover parts of this one, with -d, -u, -f or --mask.',
        SALVAGE_HINT,
      ],
    },
  );
}

function judgeLost(
  chain: ChainIndex,
  opened: ReadArchive,
  want: Want,
): string[] {
  const { lost, files } = opened.archive;
  if (lost.length === 0) return [];

  const fact = lost.map(describeLost).join(', ');
  if (isProvenWhole(chain, opened, want)) {
    return [
      `${fact}: what is wanted of ${files.stem}.zip lies in its other volumes`,
    ];
  }

  throw new DamagedArchiveError(
    `${fact}: nobody can tell whether it holds some of what was asked for`,
    {
      hints: [
        'Put the volume back beside the others, or use another archive.',
        'A user whose mail lies whole in the other volumes can be recovered alone, with -d and -u.',
        SALVAGE_HINT,
      ],
    },
  );
}

/** Chosen entries that may be damaged. */
interface Doubt {
  /** `F….zip is damaged (example.com/alice/INBOX)` */
  readonly what: string;
  readonly selections: readonly Selection[];
}

const isEmpty = ({ selections }: Doubt): boolean =>
  selections.every(({ indices }) => indices.length === 0);

/** The chosen entries of an archive that were found damaged, or may be; undefined where nothing in it was. */
function findDoubt(
  chain: ChainIndex,
  opened: ReadArchive,
  selections: readonly Selection[],
): Doubt | undefined {
  const { files, volumes } = opened.archive;
  const damage = damageIn(chain.point.damage, files.stem).filter(
    ({ kind }) => kind === 'entries' || kind === 'unknown entries',
  );
  if (damage.length === 0) return undefined;

  const own = selections.filter(({ table }) =>
    volumes.some((volume) => volume.table === table),
  );
  const places = describePlaces(damagedNames(damage));

  return {
    what: `${files.stem}.zip was found damaged${places === '' ? '' : ` (${places})`}`,
    selections: own.map((selection) => onlyDoubtful(selection, damage)),
  };
}

/** The chosen entries that are among the damaged ones. */
function onlyDoubtful(
  selection: Selection,
  damage: readonly Damage[],
): Selection {
  const { volume: file, table, indices } = selection;
  const own = damage.filter(({ volume }) => volume === file.name);
  if (own.some(({ kind }) => kind === 'unknown entries')) return selection;

  const names = new Set(damagedNames(own));

  return {
    volume: file,
    table,
    indices:
      names.size === 0
        ? []
        : indices.filter((index) => names.has(table.name(index))),
  };
}

/** @throws {DamagedArchiveError} naming the first of the entries that are damaged */
export function refuseDamaged(
  problems: readonly Omit<ReadProblem, 'volume'>[],
): void {
  if (problems.length === 0) return;

  const named = problems
    .slice(0, 5)
    .map(({ name, reason }) => `${JSON.stringify(name)}: ${reason}`);

  throw new DamagedArchiveError(
    `${plural(problems.length, 'entry', 'entries')} damaged: ${named.join('; ')}`,
    {
      hints: [
        'Nothing was changed. Use another archive; verify tells which are sound.',
        'What the damage does not concern can be recovered alone, with -d, -u, -f or --mask.',
        SALVAGE_HINT,
      ],
    },
  );
}

/** Looks for what was named. What is not found may lie in a volume that is lost. @throws {DamagedArchiveError} then */
export function findIn<T>({ archives }: ChainIndex, find: () => T): T {
  try {
    return find();
  } catch (error) {
    const lost = archives.flatMap(({ archive }) => archive.lost);
    if (!(error instanceof NotFoundError) || lost.length === 0) throw error;

    throw new DamagedArchiveError(
      `${messageOf(error)}; ${lost.map(describeLost).join(', ')}, and may hold it`,
      {
        hints: error.hints,
        cause: error,
      },
    );
  }
}
