/** The memory of parts that are under way: whoever sends one more waits for it. */

/** A volume of 2 GiB has 128 of them. */
export const PART_BYTES = 16 << 20;
const PARTS_AT_ONCE = 4;

export class PartLanes {
  readonly #spare: Buffer[] = [];
  readonly #sending = new Set<Promise<void>>();
  #made = 0;
  #failure: unknown;

  /** Memory for a part, as soon as there is some. @throws {Error} what the sending of an earlier part failed with */
  async take(): Promise<Buffer> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;

      const spare = this.#spare.pop();
      if (spare) return spare;

      if (this.#made < PARTS_AT_ONCE) {
        this.#made++;
        return Buffer.allocUnsafeSlow(PART_BYTES);
      }

      await Promise.race(this.#sending);
    }
  }

  /** Begins to send a part, and has its memory back when that is over. */
  send(memory: Buffer, work: () => Promise<void>): void {
    const sending = work()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#spare.push(memory);
        this.#sending.delete(sending);
      });

    this.#sending.add(sending);
  }

  /** Waits until nothing is under way. @throws {Error} what the sending of a part failed with */
  async settle(): Promise<void> {
    await Promise.all(this.#sending);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
