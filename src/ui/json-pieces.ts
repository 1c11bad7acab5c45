/** A long list is put into words by so many items. */
const PIECE_ITEMS = 500;

/**
 * The JSON text of a document, in pieces: the text of a million messages is longer than a string may be.
 * @param document an object of fields
 */
export function* jsonPieces(document: object): Generator<string> {
  let separator = '{';

  for (const [name, value] of Object.entries(document)) {
    const isLong = Array.isArray(value) && value.length > PIECE_ITEMS;
    const texts = isLong ? listPieces(value) : textOf(value);

    for (const text of texts) {
      yield separator === ''
        ? text
        : `${separator}${JSON.stringify(name)}:${text}`;
      separator = '';
    }

    separator ||= ',';
  }

  yield separator === '{' ? '{}' : '}';
}

/** No text for what JSON leaves out. */
function* textOf(value: unknown): Generator<string> {
  const text = JSON.stringify(value) as string | undefined;

  if (text !== undefined) yield text;
}

function* listPieces(list: readonly unknown[]): Generator<string> {
  for (let at = 0; at < list.length; at += PIECE_ITEMS) {
    const items = JSON.stringify(list.slice(at, at + PIECE_ITEMS));

    yield (at === 0 ? '[' : ',') + items.slice(1, -1);
  }

  yield ']';
}
