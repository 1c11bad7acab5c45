/** What a pin says at a moment, and whether it keeps its archive. Pure. */
import { formatDay } from '../platform/dates.js';
import type { PinState } from './pins.js';

/** Says whether the archive is to be kept: a pin that nobody can read may be one. */
export function isKeptByPin(pin: PinState | undefined, now: Date): boolean {
  if (!pin) return false;
  if ('fault' in pin) return true;

  return pin.isPinned && (pin.until === undefined || now < pin.until);
}

/** `pinned until 2027-01-31: before the move`; undefined where nothing is pinned. */
export function describePin(
  pin: PinState | undefined,
  now: Date,
): string | undefined {
  if (!pin) return undefined;
  if ('fault' in pin) return `kept as if pinned: ${pin.fault}`;
  if (!pin.isPinned) return undefined;

  const { reason, until } = pin;
  const day = until && formatDay(lastMomentBefore(until));
  if (day !== undefined && !isKeptByPin(pin, now)) {
    return `its pin ended with ${day}`;
  }

  const words = day === undefined ? 'pinned' : `pinned until ${day}`;

  return reason === undefined ? words : `${words}: ${reason}`;
}

/** The pin as documents have it: null where the archive never had one, or it was taken away. */
export function documentPin(
  pin: PinState | undefined,
  now: Date,
): object | null {
  if (!pin || ('isPinned' in pin && !pin.isPinned)) return null;

  const keeps = isKeptByPin(pin, now);
  if ('fault' in pin) return { keeps, fault: pin.fault };

  const { at, reason = null, until = null } = pin;

  return { keeps, at, reason, until };
}

/** A pin until the end of a day ends with the first moment of the next. */
function lastMomentBefore(until: Date): Date {
  return new Date(until.getTime() - 1);
}
