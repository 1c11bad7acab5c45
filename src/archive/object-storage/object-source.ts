/** A volume in a bucket, read from anywhere. */
import {
  callAndWait,
  type CallChannel,
} from '../../platform/blocking-calls.js';
import { endsEarly, type RandomAccessSource } from '../zip/source.js';
import type { ObjectVersion, RangeReader } from './range-reader.js';

/** What the thread that reads for others is asked for. */
export type FetchRequest =
  /** The version of an object, as JSON. */
  | { readonly kind: 'look'; readonly key: string }
  | {
      readonly kind: 'read';
      readonly object: ObjectVersion;
      readonly offset: number;
      readonly length: number;
    };

/** The longest range of one call. */
const CALL_BYTES = 4 << 20;
/** More than what is known of an object takes. */
const LOOK_BYTES = 4096;

/**
 * For the main thread, which waits while others go on.
 * @param name what messages call the volume
 * @param channel is asked for where somebody reads at once
 */
export function waitingSource(
  object: ObjectVersion,
  name: string,
  { reader, channel }: { reader: RangeReader; channel: () => CallChannel },
): RandomAccessSource {
  const { sizeBytes } = object;

  return {
    name,
    sizeBytes,
    read: (offset, length) => reader.read(object, offset, length),
    readInto: (into, offset) => {
      const held = reader.find(object, offset, into.length);

      if (held) into.set(held);
      else readAtOnce(object, into, offset, channel());
    },
    hold: (offset, length) => reader.hold(object, offset, length),
    close: () => undefined,
  };
}

/** For a thread, which has nothing else to do meanwhile. */
export function threadSource(
  object: ObjectVersion,
  name: string,
  channel: CallChannel,
): RandomAccessSource {
  const readInto = (into: Uint8Array, offset: number): void => {
    readAtOnce(object, into, offset, channel);
  };

  return {
    name,
    sizeBytes: object.sizeBytes,
    read: (offset, length) =>
      new Promise((answer) => {
        const bytes = Buffer.allocUnsafe(length);
        readInto(bytes, offset);
        answer(bytes);
      }),
    readInto,
    close: () => undefined,
  };
}

function readAtOnce(
  object: ObjectVersion,
  into: Uint8Array,
  offset: number,
  channel: CallChannel,
): void {
  const end = offset + into.length;
  if (end > object.sizeBytes) throw endsEarly(object.sizeBytes, end);

  for (let done = 0; done < into.length; done += CALL_BYTES) {
    const length = Math.min(CALL_BYTES, into.length - done);
    const request: FetchRequest = {
      kind: 'read',
      object,
      offset: offset + done,
      length,
    };

    into.set(callAndWait(channel, request, length), done);
  }
}

/** The present version of an object. @throws {Error} ENOENT where there is none */
export function lookAtOnce(key: string, channel: CallChannel): ObjectVersion {
  const request: FetchRequest = { kind: 'look', key };
  const text = callAndWait(channel, request, LOOK_BYTES).toString();

  return JSON.parse(text) as ObjectVersion;
}
