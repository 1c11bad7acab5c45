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
