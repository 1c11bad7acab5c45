/** Pins travel with their archives: what was said last, here or there, is true in the second place. */
import { newestPins } from '../archive/newest-pins.js';
import { parsePinName } from '../archive/names.js';
import {
  type Pin,
  type PinState,
  readPin,
  readPinText,
  writePin,
  writePinText,
} from '../archive/pins.js';
import type { Storage } from '../archive/storage.js';
import type { ReplicateRequest } from './request.js';

/** Comes before the copy, so that no archive is there without its pin. One that nobody understands goes as it is: it keeps the archive. */
export async function carryPins({
  source,
  target,
  wanted,
}: ReplicateRequest): Promise<void> {
  const pinned = wanted.flatMap(({ facts, pin, verifiedAt }) =>
    pin && verifiedAt ? [{ stem: facts.files.stem, pin }] : [],
  );
  if (pinned.length === 0) return;

  const there = newestPins(
    await target.list((name) => parsePinName(name) !== undefined),
  );

  for (const { stem, pin } of pinned) {
    const file = there.get(stem);
    const other = file && (await readPin(target, file));

    if (!isSound(pin)) {
      if (!other || isOver(other)) await carryBroken(source, target, stem);
    } else if (!other || !isSound(other) || other.at < pin.at) {
      await writePin(target, stem, pin);
    }
  }
}

/** A pin that was taken away there says nothing of the one here. */
function isOver(pin: PinState): boolean {
  return isSound(pin) && !pin.isPinned;
}

/** Where nobody can read it, that is what the other place gets to know. */
async function carryBroken(
  source: Storage,
  target: Storage,
  stem: string,
): Promise<void> {
  const text = await readPinText(source, stem);

  await writePinText(target, stem, text ?? UNREADABLE);
}

const UNREADABLE = 'a pin that could not be read where it was copied from\n';

function isSound(pin: PinState): pin is Pin {
  return !('fault' in pin);
}
