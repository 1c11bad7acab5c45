import type { BrowsedMessage, RecoverPoint } from '../jobs/browse-mail.js';
import { formatMinute } from '../platform/dates.js';
import { plainText } from '../platform/plain-text.js';
import { formatCount, formatSize, plural } from '../platform/units.js';
import { folderLabel } from '../store/mail-names.js';
import type { MailboxIndex } from '../store/mailboxes.js';
import type { Choice } from './list-state.js';

/** The lines that a person chooses from. */

/** `2026-11-24 02:00  differential, 993 messages, 20 of them new or changed`. */
export function formatPoint({
  takenAt,
  type,
  messages,
  changed,
}: RecoverPoint): string {
  const whole = messages === undefined ? [] : [plural(messages, 'message')];
  const noun =
    messages === undefined ? plural(changed ?? 0, 'message') : undefined;
  const part =
    changed === undefined
      ? []
      : [`${noun ?? `${formatCount(changed)} of them`} new or changed`];

  return `${formatMinute(takenAt)}  ${[type, ...whole, ...part].join(', ')}`;
}

/** `example.com  1,204 messages, 2.2 MiB`. */
export function formatMailboxes(
  name: string,
  mailboxes: readonly MailboxIndex[],
): string {
  const folders = mailboxes.flatMap((mailbox) => [...mailbox.folders.values()]);
  const messages = folders.reduce((sum, folder) => sum + folder.messages, 0);
  const sizeBytes = folders.reduce((sum, folder) => sum + folder.sizeBytes, 0);
  return `${plainText(name)}  ${plural(messages, 'message')}, ${formatSize(sizeBytes)}`;
}

/** `INBOX  201 messages, 2.2 MiB, 14 missing`. */
export function formatFolder(
  name: string,
  {
    messages,
    sizeBytes,
  }: { readonly messages: number; readonly sizeBytes: number },
  missing: number | undefined,
): string {
  const title = plainText(folderLabel(name));

  return `${title}  ${plural(messages, 'message')}, ${formatSize(sizeBytes)}${formatMissing(missing)}`;
}

export function formatMissing(count = 0): string {
  return count === 0 ? '' : `, ${formatCount(count)} missing`;
}

/** One line a message: date, whether the live store lacks it, sender, subject. */
export function formatMessages(messages: readonly BrowsedMessage[]): Choice[] {
  const hasMissing = messages.some(({ isMissing }) => isMissing === true);

  return messages.map(({ name, date, from, subject, isMissing = false }) => {
    const mark = isMissing ? 'missing' : '';
    const cells = [
      date ? formatMinute(date) : '-'.padEnd(16),
      ...(hasMissing ? [mark.padEnd(7)] : []),
      plainText(from, 28).padEnd(28),
      plainText(subject, 60),
    ];

    return { name: cells.join('  '), value: name, isMissing };
  });
}
