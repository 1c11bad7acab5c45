/** Pins travel with their archives: what was said last, here or there, is true in the second place. */
import { newestPins } from '../archive/newest-pins.js';
import { parsePinName } from '../archive/names.js';
import { type Pin, type PinState, readPin, writePin } from '../archive/pins.js';
import type { ReplicateRequest } from './request.js';

/** Comes before the copy, so that no archive is there without its pin. A pin that cannot be understood stays where it is. */
export async function carryPins({
  target,
  wanted,
}: ReplicateRequest): Promise<void> {
  const pinned = wanted.flatMap(({ facts, pin, verifiedAt }) =>
    pin && isSound(pin) && verifiedAt ? [{ stem: facts.files.stem, pin }] : [],
  );
  if (pinned.length === 0) return;

  const there = newestPins(
    await target.list((name) => parsePinName(name) !== undefined),
  );

  for (const { stem, pin } of pinned) {
    const file = there.get(stem);
    const other = file && (await readPin(target, file));

    if (!other || !isSound(other) || other.at < pin.at) {
      await writePin(target, stem, pin);
    }
  }
}

function isSound(pin: PinState): pin is Pin {
  return !('fault' in pin);
}
