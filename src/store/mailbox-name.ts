/** Which mailbox an entry belongs to, as the summary counts messages. Pure. */

const MAIL = /^(?:@backup\/)?store\/mail\/([^/]+)\/(?:([^/]+)\/)?/;

/** The mailbox that an entry name lies in: `example.com/alice`, `example.com/#public`; undefined outside of mail. */
export function mailboxOf(entryName: string): string | undefined {
  const [, domain, user] = MAIL.exec(entryName) ?? [];

  return domain !== undefined && user !== undefined
    ? `${domain}/${user}`
    : domain;
}
