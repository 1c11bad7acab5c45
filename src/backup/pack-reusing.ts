import { openSealsOf, placeOfVolume } from '../archive/volume-handle.js';
import type { CopyRecord, NotCopied } from '../archive/write/copy-record.js';
import {
  type CopySource,
  namesOf,
  parseRecords,
  planCopies,
  planLargeCopies,
} from '../archive/write/copy-tasks.js';
import type {
  CopyTask,
  FilesTask,
  ProveTask,
} from '../archive/write/pack-tasks.js';
import { messageOf } from '../errors.js';
import { unpackNames } from '../store/name-list.js';
import type { OpenRun } from './open-run.js';
import { toTasks } from './pack-batches.js';
import type { PlannedReuse, ReusedVolume } from './plan-reuse.js';
import { readVolume } from './reuse-volume.js';

/**
 * Packs one component: what is unchanged is copied, volume by volume, and the rest is read from the store, as is what cannot be
 * copied after all.
 * @param tasks what is not to be copied
 * @param at the component's place in the plan
 */
export async function packReusing(
  { packer }: Pick<OpenRun, 'packer'>,
  reuse: PlannedReuse,
  tasks: Iterable<FilesTask>,
  at: number,
): Promise<void> {
  const { copier } = packer;
  const { copied } = copier;
  const group = at + 1;
  const large: ProveTask[] = [];
  const sources = openAhead(
    reuse.volumes.filter(({ groups }) => groups.includes(group)),
  );

  for await (const [volume, opened] of sources) {
    if ('reason' in opened) {
      giveUp(copied, reuse, { volume, group, reason: opened.reason });
      continue;
    }

    large.push(...planLargeCopies(opened, group));
    await copier.copy(whileReadable(planCopies(opened, group), copied));
  }

  await packer.pack(tasks);
  await copier.copyLarge(large);
  await packer.pack(tasksInstead(copied.takeNew(), reuse));
}

type Opened = CopySource | { readonly reason: string };

/** Opens each volume while the one before is copied. */
async function* openAhead(
  volumes: readonly ReusedVolume[],
): AsyncGenerator<readonly [ReusedVolume, Opened]> {
  let [first, ...others] = volumes;
  let opening = first && openSource(first);

  while (first && opening) {
    const opened = await opening;
    const now = first;

    [first, ...others] = others;
    opening = first && openSource(first);

    yield [now, opened];
  }
}

/** The volume as it was when its records were chosen, or why it is not. */
async function openSource({
  file,
  groups,
  digest,
}: ReusedVolume): Promise<Opened> {
  try {
    const opened = await readVolume(file);
    const isSame = opened.digest === digest;
    await openSealsOf([file]);

    return isSame
      ? { volume: placeOfVolume(file) ?? file, table: opened.table, groups }
      : { reason: 'another file has taken its place' };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** Notes that nothing of a volume was copied. */
function giveUp(
  copied: CopyRecord,
  { choice }: PlannedReuse,
  lost: {
    readonly volume: ReusedVolume;
    readonly group: number;
    readonly reason: string;
  },
): void {
  const { volume, group, reason } = lost;

  for (const { directory, names } of choice.filesIn(volume.number, group)) {
    const faults = unpackNames(names).map((name) => ({
      name: directory.prefix + name,
      reason,
      isDamage: false,
    }));

    copied.add(volume.file.name, { files: 0, storedBytes: 0, faults });
  }
}

/** The tasks up to the first that could not be read: the records of later ones are not asked for. */
function* whileReadable(
  tasks: Iterable<CopyTask>,
  copied: CopyRecord,
): Generator<CopyTask> {
  for (const task of tasks) {
    const { name: volume } = task.volume;

    if (!copied.isUnreadable(volume)) {
      yield task;
      continue;
    }

    const faults = namesOf(parseRecords(task.central)).map((name) => ({
      name,
      reason: 'the volume could not be read',
      isDamage: false,
    }));

    copied.add(volume, { files: 0, storedBytes: 0, faults });
  }
}

/** Tasks that read from the store what could not be copied. */
function tasksInstead(
  faults: readonly NotCopied[],
  { choice }: PlannedReuse,
): FilesTask[] {
  const byPrefix = new Map<string, string[]>();

  for (const { name } of faults) {
    const cut = name.lastIndexOf('/') + 1;
    const names = byPrefix.get(name.slice(0, cut)) ?? [];

    names.push(name.slice(cut));
    byPrefix.set(name.slice(0, cut), names);
  }

  return [...byPrefix].flatMap(([prefix, names]) => {
    const directory = choice.directoryOf(prefix);
    if (!directory) throw new Error(`${prefix} is no directory of the store`);

    return toTasks(directory, names);
  });
}
