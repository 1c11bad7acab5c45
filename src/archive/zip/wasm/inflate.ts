import type { Inflated, InflateRoom } from '../codec-types.js';
import { inflate as inflateByZlib } from '../zlib/inflate.js';
import type { Inflater } from './inflater.js';
import { giveUpInflater, usableInflater } from './usable-inflater.js';

/** Making and testing an inflater takes as long as zlib takes for so many messages: a folder of them needs none. */
const FEW_STREAMS = 300;
let streams = 0;

/**
 * `Codec.inflate`: what has room in its memory by our own inflater, all else by zlib. What our own refuses goes to zlib
 * too, which says what is wrong with it: nothing is accepted that zlib would not accept.
 */
export function inflate(data: Uint8Array, room: InflateRoom): Inflated {
  streams++;

  try {
    const inflater = room.isBeginning ? undefined : inflaterOfMany();
    const inflated = inflater && inflateByOwn(inflater, data, room);
    if (inflated) return inflated;
  } catch {
    giveUpInflater();
  }

  return inflateByZlib(data, room);
}

function inflaterOfMany(): Inflater | undefined {
  return streams > FEW_STREAMS ? usableInflater() : undefined;
}

function inflateByOwn(
  inflater: Inflater,
  data: Uint8Array,
  { size, memory }: InflateRoom,
): Inflated | undefined {
  if (!inflater.hasRoomFor(data.length, size)) return undefined;

  const result = inflater.inflate(data, size);
  // Mail that is too short, or followed by something, is damaged: zlib has to say so.
  if (result?.length !== size) return undefined;
  if (inflater.usedBytes !== data.length) return undefined;

  return { bytes: memory ? result : Buffer.from(result), unread: 0 };
}

/** `Codec.inputMemory`. */
export function inputMemory(): Buffer | undefined {
  return inflaterOfMany()?.input;
}
