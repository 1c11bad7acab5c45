import { ExitCode } from '../../errors.js';
import type { DiffReport, ReportedMoment } from '../../jobs/diff.js';
import type { ListedMessage } from '../../jobs/diff-messages.js';
import type { FolderDiff } from '../../diff/request.js';
import { document } from '../document.js';
import { type MailboxDiff, toMailboxes } from './diff-mailboxes.js';

/** Differences are what was asked for; what could not be looked at makes a partial answer of it. */
export function diffExitCode({ notCompared }: DiffReport): ExitCode {
  return notCompared.length > 0 ? ExitCode.incomplete : ExitCode.done;
}

/** The report as a document. */
export function documentDiff(report: DiffReport): object {
  const { totals, parts, messages, notCompared, warnings } = report;
  const mailboxes = toMailboxes(report.folders);

  return document('diff', {
    from: documentMoment(report.from),
    to: documentMoment(report.to),
    scope: documentScope(report.scope),
    totals,
    mailboxes: mailboxes.map(documentMailbox),
    messages: (messages ?? []).map(documentMessage),
    parts,
    notCompared: notCompared.map(({ name, reason }) => ({ name, reason })),
    warnings,
    exitCode: diffExitCode(report),
  });
}

function documentMoment({
  archives,
  storeDir,
  takenAt,
}: ReportedMoment): object {
  return {
    archives,
    store: storeDir ?? null,
    takenAt,
  };
}

function documentScope(scope: DiffReport['scope']): object | null {
  if (!scope) return null;

  return {
    domain: scope.domain ?? null,
    user: scope.user ?? null,
    folder: scope.folder ?? null,
  };
}

function documentMailbox({ name, counts, folders }: MailboxDiff): object {
  return {
    mailbox: name,
    ...counts,
    folders: folders.map(documentFolder),
  };
}

function documentFolder(diff: FolderDiff): object {
  return {
    folder: diff.folder,
    wasThere: diff.wasThere,
    isThere: diff.isThere,
    new: diff.new,
    changed: diff.changed,
    deleted: diff.deleted,
    movedIn: diff.movedIn,
    movedOut: diff.movedOut,
    same: diff.same,
    bytes: diff.bytes,
  };
}

function documentMessage(message: ListedMessage): object {
  const { change, name, nameBefore, sizeBytes, sizeBefore, headers } = message;

  return {
    change,
    name,
    nameBefore: nameBefore ?? null,
    sizeBytes,
    sizeBefore: sizeBefore ?? null,
    ...documentHeaders(headers),
  };
}

function documentHeaders(headers: ListedMessage['headers']): object {
  if (!headers) {
    return {
      date: null,
      from: null,
      subject: null,
      messageId: null,
    };
  }

  return {
    date: headers.date ?? null,
    from: headers.from,
    subject: headers.subject,
    messageId: headers.messageId,
  };
}
