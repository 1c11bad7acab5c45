import type { Turns } from '../platform/turns.js';
import { type FileList, sizeOf } from './file-list.js';

/** Messages of a mailbox that are gone in one place and new in another, with the same content. */

/** The place in the list of what is gone of each new message; `NOT_MOVED` for one that was nowhere before. */
export type Moves = Int32Array;

export const NOT_MOVED = -1;

/** Size and checksum decide. The content of a new message is read only where one of its size is gone. */
export async function findMoves(
  gone: FileList,
  added: FileList,
  turns: Turns,
): Promise<Moves> {
  const moves = new Int32Array(added.length).fill(NOT_MOVED);
  if (gone.length === 0 || added.length === 0) return moves;

  const waiting = await gatherGone(gone);

  for (let place = 0; place < added.length; place++) {
    await turns.pass();

    const file = added.at(place);
    const bySum = waiting.get(sizeOf(file));
    const crc = bySum && (await file.files.readCrcAt(file.at));
    const origin = crc === undefined ? undefined : bySum?.get(crc)?.shift();

    moves[place] = origin ?? NOT_MOVED;
  }

  return moves;
}

/** What is gone by size and checksum, in its order. */
async function gatherGone(
  gone: FileList,
): Promise<Map<number, Map<number, number[]>>> {
  const bySize = new Map<number, Map<number, number[]>>();

  for (let place = 0; place < gone.length; place++) {
    const file = gone.at(place);
    const crc = await file.files.readCrcAt(file.at);
    if (crc === undefined) continue;

    const bySum = bySize.get(sizeOf(file)) ?? new Map<number, number[]>();
    bySize.set(sizeOf(file), bySum);

    const same = bySum.get(crc) ?? [];
    bySum.set(crc, same);
    same.push(place);
  }

  return bySize;
}
