import { MAIL_ARCHIVE } from '../store/components.js';
import type { ArchiveFacts } from './archive-facts.js';
import type { ArchiveState } from './archive-state.js';
import { archiveName } from './names.js';
import { REQUIRED_FILES } from './required-files.js';

/**
 * The worth of an archive: whether it is a complete backup, and which others it may push out. The one place that says so,
 * for rotation, the choice of what is recovered, the lists and the base of a differential. Pure.
 *
 *   F1                       complete
 *   F1 without users.cfg     recoverable, not complete: users.cfg is lacking
 *   F1 + I1                  complete where I1 holds users.cfg, or F1 holds it and I1 does not name it as deleted
 *   C1 of lists              a backup of a part: it lacks nothing of what was asked for, and counts among its like
 *   F1, damaged              not recoverable, so nothing else is asked
 */

/** What everybody says of an archive that is not whole because somebody is at work on it. */
export const SEEMS_WRITTEN = 'seems to be being written by the mail server now';

/** Clocks of two machines may differ by this much. */
const FUTURE_TOLERANCE_MS = 5 * 60_000;

/** The required files that a point in time does not have; none where the archive cannot be read. */
export function findLacking(
  own: ArchiveFacts,
  base: ArchiveFacts | undefined,
): readonly string[] {
  const parts = partsOf(own);
  if (!own.required || (parts && !parts.includes('cfg'))) return [];

  const { held, deleted } = own.required;

  const inherited =
    own.files.type === 'differential'
      ? (base?.required?.held ?? REQUIRED_FILES)
      : [];

  return REQUIRED_FILES.filter(
    (name) =>
      !held.includes(name) &&
      (deleted.includes(name) || !inherited.includes(name)),
  );
}

/** Says whether all components that the server includes can be recovered from it. */
function isCompleteBackup(state: ArchiveState): boolean {
  return (
    state.isRecoverable &&
    partsOf(state.facts) === undefined &&
    state.lacks.length === 0
  );
}

/** Why an archive is no complete backup: `cannot be recovered: …`, `lacks users.cfg`, `holds only lists`. */
export function describeIncompleteness({
  facts,
  fault,
  isRecoverable,
  lacks,
}: ArchiveState): string | undefined {
  if (!isRecoverable) {
    return `cannot be recovered: ${fault ?? 'its base is missing'}`;
  }

  if (lacks.length > 0) return `lacks ${lacks.join(', ')}`;

  const parts = describeParts(facts);

  return parts === undefined ? undefined : `holds only ${parts}`;
}

/** Says whether an archive is proven and lacks nothing of its request: only such an archive may push out another. */
export function countsForRotation(state: ArchiveState, now: Date): boolean {
  return (
    state.isRecoverable &&
    state.verifiedAt !== undefined &&
    state.lacks.length === 0 &&
    !isFuture(state, now)
  );
}

/** Says whether the newer of two archives may take the place of the older: it counts, and its request includes the older one's. */
export function mayPushOut(
  newer: ArchiveState,
  older: ArchiveState,
  now: Date,
): boolean {
  return (
    countsForRotation(newer, now) &&
    holdsParts(newer.facts, partsOf(older.facts))
  );
}

/** Says whether an archive is dated later than the clock: its age proves nothing. */
export function isFuture({ facts }: ArchiveState, now: Date): boolean {
  return facts.files.takenAt.getTime() > now.getTime() + FUTURE_TOLERANCE_MS;
}

/**
 * The manual's rule: the newest full with its newest differential, or the newest copy, whichever is newest. What is no
 * complete backup is the point only where there is no complete one: then one of everything goes before one of some parts.
 */
export function newestPoint(
  states: readonly ArchiveState[],
): ArchiveState | undefined {
  const recoverable = states.filter(({ isRecoverable }) => isRecoverable);
  const whole = recoverable.filter(({ facts }) => partsOf(facts) === undefined);
  return whole.findLast(isCompleteBackup) ?? whole.at(-1) ?? recoverable.at(-1);
}

/** The parts that an archive was limited to, in words (`lists, mail`); undefined for a backup of everything. */
export function describeParts(facts: ArchiveFacts): string | undefined {
  return partsOf(facts)?.join(', ');
}

/** Says whether the request of an archive included at least these parts; undefined parts are all. */
export function holdsParts(
  facts: ArchiveFacts,
  parts: readonly string[] | undefined,
): boolean {
  const own = partsOf(facts);
  return (
    own === undefined || (parts?.every((part) => own.includes(part)) ?? false)
  );
}

/** The parts that an archive was limited to; undefined for a backup of everything. */
export function partsOf({
  version,
}: ArchiveFacts): readonly string[] | undefined {
  return version?.parts;
}

/** Says whether an archive was made of the mail archive too. */
export function holdsMailArchive({ version }: ArchiveFacts): boolean {
  return version?.adds?.includes(MAIL_ARCHIVE) === true;
}

/** What an archive leaves out on purpose, for who recovers it; undefined where it takes all. */
export function describeLeavesOut({
  files,
  version,
}: ArchiveFacts): string | undefined {
  const patterns = version?.leavesOut;
  if (!patterns) return undefined;

  return `${archiveName(files.stem)} leaves out on purpose ${patterns.join(', ')}: what is live of it stays, and comes back as its full has it, where that has it`;
}
