import { PART_BYTES, type PartLanes } from './part-lanes.js';

/** Cuts a stream of bytes into parts, of which all but the last have one length. */
export class PartCutter {
  #memory: Buffer | undefined;
  #used = 0;

  constructor(
    private readonly lanes: PartLanes,
    private readonly send: (memory: Buffer, length: number) => void,
  ) {}

  async add(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === PART_BYTES) this.end();
      this.#memory ??= await this.lanes.take();

      const room = PART_BYTES - this.#used;
      const taken = bytes.subarray(at, at + room);
      this.#memory.set(taken, this.#used);
      this.#used += taken.length;
      at += taken.length;
    }
  }

  /** Sends what is left. */
  end(): void {
    if (this.#memory) this.send(this.#memory, this.#used);

    this.#memory = undefined;
    this.#used = 0;
  }
}
