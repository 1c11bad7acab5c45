/** One word of a command line, quoted for the shell of this platform where it must be. */
export function quoteWord(
  word: string,
  platform: NodeJS.Platform = process.platform,
): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // cmd.exe and PowerShell both take double quotes; a name that holds one cannot lie on a Windows disk.
  if (platform === 'win32') {
    return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word}"`;
  }

  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Text from a mail for a terminal: nothing in it that moves the cursor, rings or turns the writing direction. */
export function plainText(text: string, limit = Infinity): string {
  const plain = text
    .replace(
      /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
      ' ',
    )
    .trim();

  return plain.length <= limit
    ? plain
    : `${plain.slice(0, Math.max(0, limit - 1))}…`;
}
