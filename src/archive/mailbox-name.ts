/** Which mailbox an entry belongs to, as the summary counts messages. Pure. */

const MAIL = /^(?:@backup\/)?store\/mail\/([^/]+)\/(?:([^/]+)\/)?/;

/** The mailbox that an entry name lies in: `example.com/alice`, `example.com/#public`; undefined outside of mail. */
export function mailboxOf(entryName: string): string | undefined {
  const match = MAIL.exec(entryName);
  return match ? (match[2] === undefined ? match[1] : `${match[1] ?? ''}/${match[2]}`) : undefined;
}
