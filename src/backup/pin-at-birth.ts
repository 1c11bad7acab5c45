/** A pin that is there before its archive is: no rotation ever sees the archive without it. */
import { type Pin, pinNamesOf, writePin } from '../archive/pins.js';
import type { OpenRun } from './open-run.js';

/** Undefined where none is wanted. */
export async function pinAtBirth({
  request: { pin, storage, clock },
  writer,
}: OpenRun): Promise<Pin | undefined> {
  if (!pin) return undefined;

  const wanted = { isPinned: true, at: clock(), ...pin };
  await writePin(storage, writer.stem, wanted);

  return wanted;
}

/** Takes back the pin of an archive that is not published. In a bucket it may be completed later, and the pin stays. */
export async function takePinBack({
  request: { pin, storage },
  writer,
}: OpenRun): Promise<void> {
  if (!pin || storage.putOnce) return;

  for (const name of await pinNamesOf(storage, writer.stem)) {
    await storage.remove(name);
  }
}
