/** Pins whose archive is gone: a rotation that died between the last volume and the pin leaves one. */
import { archiveName, parsePinName } from '../archive/names.js';
import type { Storage, StoredFile } from '../archive/storage.js';
import { errnoOf } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { tellStep } from '../platform/steps.js';

/** A pin may come before its archive, from the run that copies both. */
const YOUNG_MS = 3_600_000;

/**
 * Removes them. Where anything else of the archive is listed, or its first volume answers, the pin stays. In a bucket an archive
 * may be completed later than its pin, so nothing is removed there.
 */
export async function sweepPins(storage: Storage, clock: Clock): Promise<void> {
  if (storage.putOnce) return;

  const files = await storage.list(() => true);
  const others = files.filter(({ name }) => !parsePinName(name));

  for (const file of files) {
    const stem = parsePinName(file.name)?.stem;
    if (stem === undefined || isYoung(file, clock)) continue;
    if (others.some(({ name }) => name.includes(stem))) continue;
    if (await isThere(storage, stem)) continue;

    tellStep(`removing ${file.name}, whose archive is gone`);
    await removeAtOnce(storage, file);
  }
}

function isYoung({ mtimeMs }: StoredFile, clock: Clock): boolean {
  return mtimeMs > clock().getTime() - YOUNG_MS;
}

/** A share that lists half of its files answers for the others. */
async function isThere(storage: Storage, stem: string): Promise<boolean> {
  const name = archiveName(stem);

  return (
    (await storage.stat(name)) !== undefined ||
    (await storage.stat(`${name}.age`)) !== undefined
  );
}

/** What cannot be removed keeps nothing, and the next run tries again. */
async function removeAtOnce(
  storage: Storage,
  { name }: StoredFile,
): Promise<void> {
  try {
    await storage.remove(name);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
