/** What the history keeps of an archive that was published. */
import type { BackupReport } from '../backup/request.js';
import type { RunNotes } from '../history/history-run.js';
import { noteRun } from '../history/run-notes.js';
import { MAIL_ARCHIVE_NAME } from '../store/entry-place.js';
import type { LeftOutCounts } from '../store/left-out-words.js';

/** Also where what follows fails. */
export function noteArchive(report: BackupReport): void {
  noteRun({
    archive: report.archive,
    messages: report.messages.total,
    bytes: report.storedBytes,
    warnings: report.warnings.length,
    leftOut: report.issues.length,
    accepted: report.accepted.length,
    excluded: countsOf(report.excluded),
    unusedPatterns: report.unusedPatterns,
    ...notesOfMailArchive(report),
    isMassLoss: report.isMassLoss,
  });
}

/** Nothing where it was not asked for. */
function notesOfMailArchive({
  mailArchive,
  issues,
}: BackupReport): Pick<RunNotes, 'mailArchive'> {
  if (mailArchive) return { mailArchive: { files: mailArchive.files } };

  const fault = issues.find(({ name }) => name === MAIL_ARCHIVE_NAME)?.reason;

  return fault === undefined ? {} : { mailArchive: { fault } };
}

function countsOf({
  domains,
  users,
  folders,
  messages,
}: LeftOutCounts): LeftOutCounts {
  return {
    domains,
    users,
    folders,
    messages,
  };
}
