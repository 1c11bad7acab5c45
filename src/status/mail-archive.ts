/** What the backups hold of the mail archive, and what is wrong with that. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import { holdsMailArchive, newestPoint } from '../archive/completeness.js';
import { archiveName } from '../archive/names.js';
import type { RunNotes } from '../history/history-run.js';
import {
  describeAbsence,
  type MailArchiveStatus,
} from '../page/mail-archive.js';
import { type StatusWarning, warning } from './warning.js';

/** A run as the history has it. */
interface NotedRun {
  readonly facts: Pick<RunNotes, 'archive' | 'mailArchive'>;
}

/** Undefined where nobody asks for it, and no archive holds it. */
export function findMailArchive(
  states: readonly ArchiveState[] = [],
  history: readonly NotedRun[],
  { archive: isAsked }: { readonly archive: boolean },
): MailArchiveStatus | undefined {
  const point = newestPoint(states);
  const newest = states.findLast(
    ({ isRecoverable, facts }) => isRecoverable && holdsMailArchive(facts),
  );
  const name = point && archiveName(point.facts.files.stem);
  const fault = notesOf(name, history)?.fault;
  if (!isAsked && !newest && fault === undefined) return undefined;

  return {
    isAsked,
    isInNewest: point !== undefined && holdsMailArchive(point.facts),
    point: name,
    newest: newest && archiveName(newest.facts.files.stem),
    takenAt: newest?.facts.files.takenAt,
    fault,
  };
}

function notesOf(
  archive: string | undefined,
  history: readonly NotedRun[],
): RunNotes['mailArchive'] {
  if (archive === undefined) return undefined;

  return history.findLast(({ facts }) => facts.archive === archive)?.facts
    .mailArchive;
}

/** Who asked for it, by a setting or a flag, is told when it is not there. */
export function mailArchiveWarnings(
  found: MailArchiveStatus | undefined,
): StatusWarning[] {
  if (!found || found.isInNewest) return [];

  const { isAsked, fault, point } = found;
  const isMissed = isAsked || fault !== undefined;

  return isMissed && point !== undefined
    ? [warning(`the mail archive ${describeAbsence(found)}`)]
    : [];
}
