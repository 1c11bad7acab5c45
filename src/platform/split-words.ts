const QUOTED_PART = /[^\s'"\\]+|'[^']*'|"(?:[^"\\]|\\.)*"|\\./gs;

/** The words of a command line as a POSIX shell takes them apart; expansions are not known, nothing of ours holds one. */
export function splitShellWords(line: string): string[] {
  return joinParts(line, (part) => {
    if (part.startsWith("'")) return part.slice(1, -1);
    if (part.startsWith('"')) {
      return part.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
    }

    return part.startsWith('\\') ? part.slice(1) : part;
  });
}

/** The words of an ExecStart line (systemd.service(5), "Command lines"). */
export function splitSystemdWords(line: string): string[] {
  const words = joinParts(line, (part) => {
    const inner = /^['"]/.test(part) ? part.slice(1, -1) : part;
    return inner.replace(/\\(.)/gs, '$1');
  });
  return words.map((word) =>
    word.replaceAll('%%', '%').replaceAll('$$', () => '$'),
  );
}

/** Words stand apart by spaces; a word is made of parts that each are quoted in their own way. */
function joinParts(line: string, unquote: (part: string) => string): string[] {
  const words: string[] = [];
  let end = -1;

  for (const found of line.matchAll(QUOTED_PART)) {
    const before = found.index === end ? words.pop() : undefined;
    words.push((before ?? '') + unquote(found[0]));
    end = found.index + found[0].length;
  }

  return words;
}

/**
 * The words of a Windows command line, as CommandLineToArgvW takes them apart: backslashes count only before a quote, where
 * two are one and one more makes the quote a character.
 */
export function splitWindowsWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;

  for (const [part] of line.matchAll(/\\*"|\\+|[^\\"]/gs)) {
    const slashes = part.length - 1;
    if (part.endsWith('"')) {
      word = (word ?? '') + '\\'.repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) word += '"';
      else isQuoted = !isQuoted;
    } else if (/\s/.test(part) && !isQuoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + part;
    }
  }

  return word === undefined ? words : [...words, word];
}
