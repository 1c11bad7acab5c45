import type { ArchiveState } from '../../archive/archive-state.js';
import {
  describeParts,
  holdsMailArchive,
  newestPoint,
  partsOf,
  SEEMS_WRITTEN,
} from '../../archive/completeness.js';
import { damageIn, documentDamage } from '../../archive/damage.js';
import { describeDrill } from '../../archive/proof.js';
import { archiveName, isSealedName } from '../../archive/names.js';
import { describePin, documentPin } from '../../archive/pin-words.js';
import { SealedError } from '../../errors.js';
import { formatDay, formatZonedMinute } from '../../platform/dates.js';
import {
  formatAge,
  formatCount,
  formatSize,
  plural,
} from '../../platform/units.js';
import type { ListedArchive } from '../../jobs/list-archives.js';
import { fitTable } from '../table.js';
import { paint, type Tone } from '../tones.js';

/** A column that is there where an archive was drilled. */
const DRILLED = 'DRILLED';

const HEADER = [
  'ARCHIVE',
  'TYPE',
  'TAKEN',
  'AGE',
  'MESSAGES',
  'SIZE',
  'VOLUMES',
  'NEEDS',
  'VERIFIED',
  DRILLED,
  'RECOVERABLE',
];

/** Columns that a narrow terminal has below their row, in this order. */
const DISPENSABLE = [
  'VOLUMES',
  'NEEDS',
  'AGE',
  'MESSAGES',
  DRILLED,
  'VERIFIED',
  'SIZE',
];

/** The list for people, newest last; as wide as it is where `columns` is undefined. */
export function formatArchives(
  rows: readonly ListedArchive[],
  {
    now,
    bySet,
    columns,
  }: {
    readonly now: Date;
    readonly bySet: boolean;
    readonly columns: number | undefined;
  },
): string {
  const ordered = bySet ? groupBySet(rows) : rows;
  const isDrilled = rows.some(({ state }) => state.drilled);
  const table = [HEADER, ...ordered.map((row) => toCells(row, now, bySet))].map(
    (cells) =>
      cells.filter((_, column) => isDrilled || HEADER[column] !== DRILLED),
  );
  const lines = fitTable(table, DISPENSABLE, columns);

  const bytes = rows.reduce(
    (sum, { state }) => sum + state.facts.files.sizeBytes,
    0,
  );

  const newest = newestPoint(rows.map(({ state }) => state));
  const point = newest
    ? `newest recoverable point ${formatZonedMinute(newest.facts.files.takenAt)}`
    : 'nothing can be recovered';

  return [
    ...lines,
    `${plural(rows.length, 'archive')}, ${formatSize(bytes)}; ${point}`,
  ].join('\n');
}

function toCells(
  { state, messages }: ListedArchive,
  now: Date,
  bySet: boolean,
): string[] {
  const { files } = state.facts;
  const parts = describeHeld(state);
  const indent = bySet && state.base ? '  ' : '';

  return [
    `${indent}${archiveName(files.stem)}`,
    parts === undefined ? files.type : `${files.type} (${parts})`,
    formatZonedMinute(files.takenAt),
    formatAge(now.getTime() - files.takenAt.getTime()),
    messages === undefined ? '?' : formatCount(messages),
    formatSize(files.sizeBytes),
    String(files.volumes.length),
    needs(state),
    describeProof(state),
    state.drilled ? describeDrill(state.drilled) : '-',
    [
      paint(toneOf(state), describeRecoverable(state)),
      describePin(state.pin, now),
    ]
      .filter((words) => words !== undefined)
      .join('; '),
  ];
}

/** Parts that it is limited to, and one that most have not. */
function describeHeld({ facts }: ArchiveState): string | undefined {
  const parts = describeParts(facts);

  return parts === undefined && holdsMailArchive(facts)
    ? 'with mail archive'
    : parts;
}

/** A drill of everything proves what a verify proves, and says so. */
function describeProof({ verifiedAt, verifiedBy }: ArchiveState): string {
  if (!verifiedAt) return 'no';

  return `${formatDay(verifiedAt)}${verifiedBy === 'drill' ? ' (drill)' : ''}`;
}

function toneOf(state: ArchiveState): Tone | undefined {
  if (state.isBeingWritten === true) return undefined;
  if (state.unreadable) return 'warning';
  if (!state.isRecoverable) return 'damage';

  return state.lacks.length > 0 ? 'warning' : undefined;
}

function describeRecoverable({
  isRecoverable,
  isPartlyRecoverable,
  isBeingWritten,
  fault,
  lacks,
  unreadable,
  facts,
}: ArchiveState): string {
  if (isBeingWritten === true) return `not yet: ${SEEMS_WRITTEN}`;
  if (unreadable instanceof SealedError) return 'sealed: needs --identity';

  if (!isRecoverable) {
    return `${isPartlyRecoverable ? 'partly' : 'no'}: ${fault ?? ''}`;
  }

  const how = facts.told ? 'yes, with --identity' : 'yes';

  return lacks.length > 0 ? `${how}, but lacks ${lacks.join(', ')}` : how;
}

/** A base and what depends on it, together. */
function groupBySet(rows: readonly ListedArchive[]): ListedArchive[] {
  const isDependent = ({ state }: ListedArchive): boolean =>
    state.base !== undefined;
  return rows
    .filter((row) => !isDependent(row))
    .flatMap((row) => [
      row,
      ...rows.filter(({ state }) => state.base === row.state.facts),
    ]);
}

/** The full that a differential needs, also where it is gone. */
function needs({ base, facts }: ArchiveState): string {
  const stem = base?.files.stem ?? facts.version?.base;
  return stem === undefined ? '-' : archiveName(stem);
}

function documentProof({
  verifiedAt,
  verifiedBy,
  drilled,
}: ArchiveState): object {
  return {
    verifiedAt: verifiedAt ?? null,
    verifiedBy: verifiedBy ?? null,
    drilledAt: drilled?.at ?? null,
    drilledMailboxes: drilled?.mailboxes ?? null,
  };
}

/** The list as a document. */
export function documentArchives(
  directory: string,
  rows: readonly ListedArchive[],
  now: Date,
): object {
  const newest = newestPoint(rows.map(({ state }) => state));
  return {
    schema: 'kms-backup/archives/1',
    directory,
    archives: rows.map(({ state, messages }) => ({
      archive: archiveName(state.facts.files.stem),
      type: state.facts.files.type,
      takenAt: state.facts.files.takenAt,
      messages,
      sizeBytes: state.facts.files.sizeBytes,
      volumes: state.facts.files.volumes.map(({ name }) => name),
      base: state.base ? archiveName(state.base.files.stem) : null,
      tool: state.facts.version?.tool ?? null,
      mailArchive: holdsMailArchive(state.facts),
      ...documentProof(state),
      isRecoverable: state.isRecoverable,
      isPartlyRecoverable: state.isPartlyRecoverable,
      isBeingWritten: state.isBeingWritten === true,
      isUnreadable: state.unreadable !== undefined,
      isSealed: state.facts.files.volumes.some(({ storedAs }) =>
        isSealedName(storedAs),
      ),
      damage: damageIn(state.damage, state.facts.files.stem).map(
        documentDamage,
      ),
      fault: state.fault ?? null,
      lacks: state.lacks,
      pin: documentPin(state.pin, now),
      parts: partsOf(state.facts) ?? null,
      leavesOut: state.facts.version?.leavesOut ?? null,
    })),
    newestPoint: newest ? newest.facts.files.takenAt : null,
  };
}
