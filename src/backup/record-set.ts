/** Numbers of records, a bit for each record that a full has. */
export class RecordSet {
  readonly #bits: Uint8Array;

  /** @param size the number of records */
  constructor(size: number) {
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  add(record: number): void {
    const at = record >> 3;
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (record & 7));
  }

  has(record: number): boolean {
    return ((this.#bits[record >> 3] ?? 0) & (1 << (record & 7))) !== 0;
  }

  /** Says whether it has all records of a range. */
  hasAll(first: number, count: number): boolean {
    for (let record = first; record < first + count; record++) {
      if (!this.has(record)) return false;
    }

    return true;
  }
}
