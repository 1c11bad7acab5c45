/** The plan of a copy: which archives the target lacks, and in which order it gets them. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import { archiveName, isSealedName } from '../archive/names.js';
import type { VerifiedRecord } from '../archive/verified-record.js';

/** The archives of a target, and what is proven of them. */
export interface TargetArchives {
  readonly archives: readonly ArchiveFiles[];
  readonly proven: VerifiedRecord;
}

/** What is to be done about one archive. */
export interface ReplicateStep {
  readonly state: ArchiveState;
  readonly action: 'there' | 'copy' | 'left';
  /** Why it is not copied. */
  readonly reason?: string;
}

/** The newest set first: it is the one that a lost machine needs. In a set the full goes before what is measured against it. */
export function planReplicate(
  wanted: readonly ArchiveState[],
  target: TargetArchives,
): ReplicateStep[] {
  return [...wanted]
    .filter(({ isRecoverable }) => isRecoverable)
    .sort(
      (a, b) =>
        timeOf(setOf(b)) - timeOf(setOf(a)) ||
        Number(isDifferential(a)) - Number(isDifferential(b)) ||
        timeOf(b.facts.files) - timeOf(a.facts.files),
    )
    .map((state) => ({ state, ...judge(state, target) }));
}

function judge(
  { facts: { files }, verifiedAt }: ArchiveState,
  { archives, proven }: TargetArchives,
): Omit<ReplicateStep, 'state'> {
  const there = archives.find(({ stem }) => stem === files.stem);
  if (there && isProven(there, files, proven)) return { action: 'there' };

  if (verifiedAt === undefined) {
    return { action: 'left', reason: 'it is not verified; run verify' };
  }

  if (isSealed(files)) {
    return { action: 'left', reason: 'it is sealed' };
  }

  const other = there && findOther(there, files);
  if (other === undefined) return { action: 'copy' };

  return {
    action: 'left',
    reason: `${other} there is another file; look who else writes to that place`,
  };
}

function isProven(
  there: ArchiveFiles,
  { volumes, sizeBytes }: ArchiveFiles,
  proven: VerifiedRecord,
): boolean {
  const entry = proven.get(there.stem);

  return (
    entry?.isSound === true &&
    entry.sizeBytes === (isSealed(there) ? there.sizeBytes : sizeBytes) &&
    there.missingVolumes.length === 0 &&
    there.volumes.length === volumes.length
  );
}

/** What is sealed is longer, and nobody can tell its content by its size. */
function isSealed({ volumes }: ArchiveFiles): boolean {
  return volumes.some(({ storedAs }) => isSealedName(storedAs));
}

/** A file of the target that cannot be a volume of the archive. */
function findOther(
  there: ArchiveFiles,
  { volumes }: ArchiveFiles,
): string | undefined {
  if (isSealed(there)) return undefined;

  const sizes = new Map(
    volumes.map(({ name, sizeBytes }) => [name, sizeBytes]),
  );

  return there.volumes.find(
    ({ name, sizeBytes }) => sizes.get(name) !== sizeBytes,
  )?.name;
}

/** The full or copy that an archive belongs to. */
function setOf({ facts, base }: ArchiveState): ArchiveFiles {
  return (base ?? facts).files;
}

/** Why a differential cannot be copied; undefined where nothing speaks against it. @param present the stems that the target has, proven */
export function findBaseFault(
  { facts, base }: ArchiveState,
  present: ReadonlySet<string>,
): string | undefined {
  if (facts.files.type !== 'differential') return undefined;
  if (base && present.has(base.files.stem)) return undefined;

  const name = base ? archiveName(base.files.stem) : 'its full';

  return `${name}, which it needs, is not there`;
}

const isDifferential = ({ facts }: ArchiveState): boolean =>
  facts.files.type === 'differential';

const timeOf = ({ takenAt }: ArchiveFiles): number => takenAt.getTime();
