/** Says whether a text is one e-mail address: `a@b` or `Name <a@b>`, on one line. */
export function isMailAddress(text: string): boolean {
  return /^(?:[^<>\r\n]*<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/.test(text);
}
