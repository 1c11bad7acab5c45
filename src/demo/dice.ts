/** Numbers that look random and are the same each time (mulberry32): two demos build the same server, byte for byte. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from `low` to `high`, both possible. */
  int(low: number, high: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (((t ^ (t >>> 14)) >>> 0) % (high - low + 1));
  }

  pick(choices: readonly string[]): string {
    return choices[this.int(0, choices.length - 1)] ?? '';
  }

  /** `length` bytes that do not compress, as the inside of a photograph or a zip file. */
  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.int(0, 255);
    return bytes;
  }
}
