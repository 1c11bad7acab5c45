/** Words of a command line, quoted for whoever takes it apart; split-words.ts is the way back. Pure. */

/** One word for a person to type, quoted for the shell of this platform where it must be. */
export function quoteWord(
  word: string,
  platform: NodeJS.Platform = process.platform,
): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (platform !== 'win32') return quoteForShell(word);

  // cmd.exe and PowerShell both take double quotes; a name that holds one cannot lie on a Windows disk.
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word}"`;
}

/** One word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_./:=@,+-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One word of an ExecStart line (systemd.service(5), "Command lines"). */
export function quoteForSystemd(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return /^[A-Za-z0-9_./:=@,+-]+$/.test(word) ? word : `"${escaped}"`;
}

/**
 * One word of a Windows command line, as CommandLineToArgvW takes it apart: backslashes count only before a quote.
 * Example: `E:\backup 2\` is `"E:\backup 2\\"`.
 */
export function quoteForWindows(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
