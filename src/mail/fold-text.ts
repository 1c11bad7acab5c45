/** Letters that Unicode does not decompose, as people type them without their marks. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const LETTER_PATTERN = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/**
 * Folds text for a search: lower case, no accents, single spaces.
 * Example: `Ärzte  STRASSE` and `arzte Straße` both give `arzte strasse`.
 */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  const bare = /^[\x00-\x7f]*$/.test(lower) ? lower : foldMarks(lower);
  return bare.replace(/\s+/g, ' ').trim();
}

function foldMarks(lower: string): string {
  return lower
    .normalize('NFKD')
    .replace(/[\p{M}\u00ad\u200b-\u200d\ufeff]/gu, '')
    .replace(LETTER_PATTERN, (letter) => LETTERS[letter] ?? letter);
}
