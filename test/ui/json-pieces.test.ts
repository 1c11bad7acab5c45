import { expect, it } from 'vitest';
import { jsonPieces } from '../../src/ui/json-pieces.js';

/** Documents are printed in pieces, since the text of a long list may be longer than a string can be. */

it.each([
  [{}],
  [{ schema: 'a/1', none: undefined, nothing: null, list: [], text: 'ä"' }],
  [{ none: undefined }],
  [{ none: undefined, first: 1, date: new Date(0), deep: { list: [1] } }],
  [{ list: Array.from({ length: 1_201 }, (_, at) => ({ at })), last: true }],
  [{ list: Array.from({ length: 1_000 }, () => undefined) }],
])('their text is that of JSON.stringify: %#', (document) => {
  expect([...jsonPieces(document)].join('')).toBe(JSON.stringify(document));
});

it('no piece holds a long list', () => {
  const list = Array.from({ length: 5_000 }, (_, at) => String(at));
  const longest = Math.max(
    ...[...jsonPieces({ list })].map(({ length }) => length),
  );
  expect(longest).toBeLessThan(JSON.stringify(list).length / 5);
});
