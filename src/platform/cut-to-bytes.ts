/** As much of a text as fits into so many bytes of UTF-8, without a part of a character. */
export function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;

  let cut = '';

  for (const character of text) {
    if (Buffer.byteLength(cut + character) > limitBytes) break;

    cut += character;
  }

  return cut;
}
