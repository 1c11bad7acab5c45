import type { ArchiveFacts } from './archive-facts.js';
import type { ArchiveState } from './archive-state.js';
import { findLacking, partsOf } from './completeness.js';
import type { VerifiedRecord } from './verified-record.js';

/**
 * Which archives belong together, and what can be recovered from them. Pure.
 *
 * A differential needs its base: the full that it names, or, where the server wrote it, the newest full before it. With
 * F1 I1 F2 I2 C1 the sets are F1+I1, F2+I2 and C1, and the newest point is C1, or I2 if C1 is damaged.
 */

/** What is known beyond the archives' own words. */
export interface SetEvidence {
  readonly verified: VerifiedRecord;
  /** Digests of fulls that differentials name, by stem. */
  readonly digests: ReadonlyMap<string, string>;
}

/** The state of every archive, in the order given: oldest first. */
export function resolveStates(facts: readonly ArchiveFacts[], evidence: SetEvidence): ArchiveState[] {
  return facts.map((own) => resolveState(own, facts, evidence));
}

function resolveState(own: ArchiveFacts, all: readonly ArchiveFacts[], evidence: SetEvidence): ArchiveState {
  const base = own.files.type === 'differential' ? findBase(own, all) : undefined;
  const record = evidence.verified.get(own.files.stem);
  const isRecordValid = record?.sizeBytes === own.files.sizeBytes;
  const fault = own.fault ?? findRecordedFault(own, evidence) ?? findBaseFault(own, base, evidence);
  const verifiedAt = isRecordValid && record.isSound && own.fault === undefined ? parseTime(record.at) : undefined;
  const lacks = findLacking(own, base);

  return { facts: own, base, isRecoverable: fault === undefined, fault, verifiedAt, lacks };
}

function findRecordedFault({ files }: ArchiveFacts, { verified }: SetEvidence): string | undefined {
  const record = verified.get(files.stem);
  return record && !record.isSound && record.sizeBytes === files.sizeBytes
    ? `verify found damage in it on ${record.at.slice(0, 10)}`
    : undefined;
}

function findBaseFault(own: ArchiveFacts, base: ArchiveFacts | undefined, evidence: SetEvidence): string | undefined {
  if (own.files.type !== 'differential') return undefined;
  if (!base)
    return own.version?.base === undefined
      ? 'there is no full before it'
      : `its base ${own.version.base}.zip is missing`;
  const fault = base.fault ?? findRecordedFault(base, evidence);
  if (fault !== undefined) return `its base ${base.files.stem}.zip is not recoverable: ${fault}`;
  const digest = evidence.digests.get(base.files.stem);
  const { baseDigest } = own.version ?? {};
  return baseDigest !== undefined && digest !== undefined && digest !== baseDigest
    ? `${base.files.stem}.zip is not the full that it was measured against`
    : undefined;
}

function findBase(own: ArchiveFacts, all: readonly ArchiveFacts[]): ArchiveFacts | undefined {
  const named = own.version?.base;
  if (named !== undefined) return all.find(({ files }) => files.stem === named);
  const takenMs = own.files.takenAt.getTime();
  // The server has no backups of some parts: its differential was measured against a whole one.
  return all.findLast(
    (full) => full.files.type === 'full' && full.files.takenAt.getTime() <= takenMs && partsOf(full) === undefined,
  );
}

function parseTime(text: string): Date | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
