// Text for roff, the language of manual pages.

/** Breaks a line at its spaces into lines of at most 79 characters, as the tools for manual pages want them. */
function linesOf(line) {
  const lines = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 79) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }

  return lines;
}

/** Escapes text, so that roff sees no commands in it. */
export const plain = (value) =>
  value
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(
      /[^\0-\x7f]/gu,
      (sign) =>
        `\\[u${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );

/** Formats prose: in short lines, none of which begins with a control character. */
export const text = (value) =>
  plain(value)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap(linesOf)
    .map((line) => (/^[.']/.test(line) ? `\\&${line}` : line))
    .join('\n');

export const bold = (value) => `\\fB${text(value)}\\fR`;

export const italic = (value) => `\\fI${text(value)}\\fR`;
