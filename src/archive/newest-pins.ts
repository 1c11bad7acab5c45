/** Which of an archive's pins is true. Pure. */
import { parsePinName } from './names.js';
import type { StoredFile } from './storage.js';

/** Of each archive the pin of the highest number: it was written last. */
export function newestPins(
  stored: readonly StoredFile[],
): ReadonlyMap<string, StoredFile> {
  const numbered = stored.flatMap((file) => {
    const pin = parsePinName(file.name);

    return pin ? [{ ...pin, file }] : [];
  });

  return new Map(
    numbered
      .sort((a, b) => a.number - b.number)
      .map(({ stem, file }) => [stem, file]),
  );
}
