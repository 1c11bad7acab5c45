import type { ArchiveFacts } from './archive-facts.js';
import type { ArchiveState } from './archive-state.js';
import { findLacking, partsOf } from './completeness.js';
import { formatCount, plural } from '../platform/units.js';
import {
  anywhereIn,
  countDamaged,
  type Damage,
  damagedNames,
  describeLost,
  describePlaces,
  isLostVolume,
} from './damage.js';
import type { VerifiedEntry, VerifiedRecord } from './verified-record.js';

/**
 * The archives that belong together, and the states that can be recovered from them. Pure.
 *
 * A differential needs its base: the full that it names, or, where the server wrote it, the newest full before it. With
 * F1 I1 F2 I2 C1 the sets are F1+I1, F2+I2 and C1, and the newest point is C1, or I2 if C1 is damaged.
 */

/** Facts about archives from other sources than the archives. */
export interface SetEvidence {
  readonly verified: VerifiedRecord;
  /** Digests of fulls that differentials name, by stem. */
  readonly digests: ReadonlyMap<string, string>;
}

/** The state of every archive, in the order given: oldest first. */
export function resolveStates(
  facts: readonly ArchiveFacts[],
  evidence: SetEvidence,
): ArchiveState[] {
  return facts.map((own) => resolveState(own, facts, evidence));
}

function resolveState(
  own: ArchiveFacts,
  all: readonly ArchiveFacts[],
  evidence: SetEvidence,
): ArchiveState {
  const base =
    own.files.type === 'differential' ? findBase(own, all) : undefined;
  const chainFault = findChainFault(own, base, evidence);
  const baseFault = describeBaseFault(base, evidence);
  const fault = describeOwnFault(own, evidence) ?? chainFault ?? baseFault;
  const archives = base ? [base, own] : [own];
  const unreadable = archives.find((facts) => facts.unreadable)?.unreadable;

  const isPossible =
    unreadable === undefined &&
    chainFault === undefined &&
    archives.every(holdsSomething);

  return {
    facts: own,
    base,
    isRecoverable: fault === undefined,
    isPartlyRecoverable: fault !== undefined && isPossible,
    fault,
    chainFault,
    baseFault,
    damage: archives.flatMap((facts) => damageOf(facts, evidence)),
    unreadable,
    lacks: findLacking(own, base),
    ...proofOf(own, evidence),
  };
}

/** Of an archive with a fault nothing is proven any more. */
function proofOf(
  own: ArchiveFacts,
  evidence: SetEvidence,
): Pick<ArchiveState, 'verifiedAt' | 'verifiedBy' | 'drilled'> {
  const verifiedAt =
    own.fault === undefined ? provenTime(own, evidence) : undefined;
  const { by, drilled } = (verifiedAt && validRecord(own, evidence)) ?? {};
  const drilledAt = drilled && parseTime(drilled.at);

  return {
    verifiedAt,
    verifiedBy: by,
    drilled: drilledAt && { at: drilledAt, mailboxes: drilled.mailboxes },
  };
}

/** The time at which these very files were last found sound. */
function provenTime(
  facts: ArchiveFacts,
  evidence: SetEvidence,
): Date | undefined {
  const record = validRecord(facts, evidence);

  return record?.isSound ? parseTime(record.at) : undefined;
}

/** Returns the record of these very files. */
function validRecord(
  { files }: ArchiveFacts,
  { verified }: SetEvidence,
): VerifiedEntry | undefined {
  const record = verified.get(files.stem);
  return record?.sizeBytes === files.sizeBytes ? record : undefined;
}

/** Describes the faults that a verify found in an archive, in a line; undefined for a sound one. */
function describeRecord({
  isSound,
  at,
  fault,
  damage,
  entries,
}: VerifiedEntry): string | undefined {
  if (isSound) return undefined;

  const day = at.slice(0, 10);
  if (fault !== undefined) return `verify found on ${day}: ${fault}`;

  const lost = damage?.find(isLostVolume);
  if (lost) return `verify found on ${day}: ${describeLost(lost)}`;

  const count = damage && countDamaged(damage);
  if (damage === undefined || count === undefined || entries === undefined) {
    return `verify found damage in it on ${day}`;
  }

  const places = describePlaces(damagedNames(damage));
  const where = places === '' ? '' : `: ${places}`;

  return `verify found damage in ${formatCount(count)} of ${plural(entries, 'entry', 'entries')} on ${day}${where}; the rest can be recovered, also in one go with --salvage`;
}

/** Returns the damage that the archive itself shows, and the damage of the last verify. */
function damageOf(facts: ArchiveFacts, evidence: SetEvidence): Damage[] {
  const record = validRecord(facts, evidence);
  if (!record || record.isSound) return [...facts.damage];

  const recorded =
    record.damage ??
    (record.fault === undefined ? anywhereIn(facts.files) : []);
  const lost = new Set(
    facts.damage.filter(isLostVolume).map(({ volume }) => volume),
  );

  return [
    ...facts.damage,
    ...recorded.filter(({ volume }) => !lost.has(volume)),
  ];
}

/** Says whether a volume of it can be read, and no fault concerns all of it. */
function holdsSomething({ files, fault, damage }: ArchiveFacts): boolean {
  if (fault !== undefined && damage.length === 0) return false;
  const lost = new Set(damage.filter(isLostVolume).map(({ volume }) => volume));

  return files.volumes.some(({ name }) => !lost.has(name));
}

/** Why a differential has no base that it could be recovered with, whatever is whole of the two. */
function findChainFault(
  own: ArchiveFacts,
  base: ArchiveFacts | undefined,
  evidence: SetEvidence,
): string | undefined {
  if (own.files.type !== 'differential') return undefined;
  if (!own.version && own.damage.length > 0) {
    return 'which full it was measured against cannot be read';
  }

  if (!base) {
    return own.version?.base === undefined
      ? 'there is no full before it'
      : `its base ${own.version.base}.zip is missing`;
  }

  const digest = evidence.digests.get(base.files.stem);

  return isOtherDigest(digest, own.version?.baseDigest)
    ? `${base.files.stem}.zip is not the full that it was measured against`
    : undefined;
}

/** Says whether both digests are known, and differ. */
function isOtherDigest(
  digest: string | undefined,
  expected: string | undefined,
): boolean {
  if (digest === undefined || expected === undefined) return false;

  return digest !== expected;
}

function describeOwnFault(
  facts: ArchiveFacts,
  evidence: SetEvidence,
): string | undefined {
  const record = validRecord(facts, evidence);
  return facts.fault ?? (record && describeRecord(record));
}

function describeBaseFault(
  base: ArchiveFacts | undefined,
  evidence: SetEvidence,
): string | undefined {
  const fault = base && describeOwnFault(base, evidence);
  return fault === undefined
    ? undefined
    : `its base ${base?.files.stem ?? ''}.zip is not recoverable: ${fault}`;
}

function findBase(
  own: ArchiveFacts,
  all: readonly ArchiveFacts[],
): ArchiveFacts | undefined {
  const named = own.version?.base;
  if (named !== undefined) return all.find(({ files }) => files.stem === named);

  const takenMs = own.files.takenAt.getTime();

  // The server has no backups of some parts: its differential was measured against a whole one.
  return all.findLast(
    (full) =>
      full.files.type === 'full' &&
      full.files.takenAt.getTime() <= takenMs &&
      partsOf(full) === undefined,
  );
}

function parseTime(text: string): Date | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
