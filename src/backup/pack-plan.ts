import { hostname } from 'node:os';
import {
  DELETED_ENTRY,
  formatVersionText,
  VERSION_ENTRY,
} from '../archive/summary.js';
import type { FilesTask } from '../archive/write/pack-tasks.js';
import { TOOL } from '../platform/tool.js';
import { MAIL_ARCHIVE } from '../store/components.js';
import { MAIL_ENTRY } from '../store/entry-place.js';
import { countedMailboxOf } from '../store/mail-names.js';
import { addText } from './finish-archive.js';
import { countListed, countStored } from './count-mail.js';
import type { LeftOut, ObservedMail } from './mass-loss.js';
import { type OpenRun, unreadNames } from './open-run.js';
import { tasksOf } from './pack-batches.js';
import { packReusing } from './pack-reusing.js';
import { packDirectories } from './pack-directories.js';
import { formatDeleted } from './plan-archive.js';
import { describeReuse } from './reuse-report.js';
import { secondLook } from './second-look.js';
import type { SkippedPath } from '../store/list-directory.js';

/** The outcome of a plan. */
export interface PackedPlan {
  /** The number of directories that have entries. */
  readonly directories: number;
  /** Undefined where this run does not look at mail. */
  readonly mail: ObservedMail | undefined;
  /** The paths that are there and are not backed up, from both looks. */
  readonly skipped: readonly SkippedPath[];
}

/** Packs components one after the other, as the server lays them; what moved meanwhile is looked for again at the end. */
export async function packPlan(run: OpenRun): Promise<PackedPlan> {
  const { plan, base, reuse, packer, writer } = run;

  addFirstTexts(run);

  for (const [at, group] of plan.groups.entries()) {
    if (reuse) await packReusing(run, reuse, tasksOf(group), at);
    else await packer.pack(tasksOf(group));
  }

  const { added, look } = await packAgain(run);
  await packer.packHeld();

  const directories = packDirectories(look.directories, base, writer);
  const skipped = [...plan.skipped, ...look.skipped];

  return {
    directories,
    mail: observeMail(run, added, skipped),
    skipped,
  };
}

/** The paths that are there and could not be listed or read. */
export function leftOutOf({ packer }: OpenRun, packed: PackedPlan): LeftOut[] {
  return [...packed.skipped, ...packer.unread];
}

function addFirstTexts({
  request,
  plan,
  reuse,
  writer,
  takenAt,
}: OpenRun): void {
  const { base, parts, mailArchive, leftOut } = plan;

  const version = formatVersionText({
    tool: TOOL,
    base: base?.stem,
    baseDigest: base?.digest,
    parts,
    adds: mailArchive && [MAIL_ARCHIVE],
    leavesOut: leftOut.patterns.length > 0 ? leftOut.patterns : undefined,
    volumeSizeBytes: request.volumeLimitBytes,
    reused: reuse && describeReuse(reuse),
    startedAt: takenAt,
    hostname: hostname(),
  });

  addText(writer, VERSION_ENTRY, version, takenAt);

  if (base) {
    addText(writer, DELETED_ENTRY, formatDeleted(plan.deleted), takenAt);
  }
}

/** Packs what is new since the listing, and what was gone for a moment; the latter is no addition to what was listed. */
async function packAgain(run: OpenRun): Promise<{
  added: FilesTask[];
  look: Awaited<ReturnType<typeof secondLook>>;
}> {
  const { packer } = run;
  const added: FilesTask[] = [];
  const listed = new Set(packer.vanished);

  const look = await secondLook(run, (tasks) => {
    for (const task of tasks) {
      const names = task.names.filter(
        (name) => !listed.has(task.prefix + name),
      );
      added.push({
        ...task,
        names,
      });
    }

    return packer.pack(tasks);
  });

  return {
    added,
    look,
  };
}

function observeMail(
  run: OpenRun,
  added: readonly FilesTask[],
  skipped: readonly SkippedPath[],
): ObservedMail | undefined {
  const { plan, packer } = run;
  if (!plan.components.includes('mail')) return undefined;

  const listed = countListed(plan.directories);
  const lost = [...packer.vanished, ...unreadNames(run)];

  return {
    listed,
    stored: countStored(listed, added, lost),
    unlisted: skipped.map(({ name }) => name).filter(isMailDirectory),
  };
}

function isMailDirectory(name: string): boolean {
  return (
    name.endsWith('/') &&
    (name === MAIL_ENTRY || countedMailboxOf(name) !== undefined)
  );
}
