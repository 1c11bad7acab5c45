import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../platform/clock.js';

/** Bytes that are sent at once where there is no limit to keep. */
const LARGEST_PIECE_BYTES = 64 << 10;

/** Keeps all that is sent below a number of bytes a second. */
export class UploadLimit {
  #freeAtMs = 0;

  constructor(private readonly bytesPerSecond: number) {}

  /** Bytes of a piece: at most what a second lets through, so that no connection is idle for long. */
  get pieceBytes(): number {
    return Math.max(1, Math.min(LARGEST_PIECE_BYTES, this.bytesPerSecond));
  }

  /** How long so many bytes take. */
  durationMs(sizeBytes: number): number {
    return (sizeBytes / this.bytesPerSecond) * 1000;
  }

  /** Waits for the turn of so many bytes. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = monotonicMs();
    const startMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = startMs + this.durationMs(sizeBytes);

    if (startMs > nowMs) await sleep(startMs - nowMs, undefined, { signal });
  }
}
