/** Numbers of entries of a volume. */
export interface Indices extends Iterable<number> {
  readonly length: number;
  filter(isWanted: (index: number) => boolean): Indices;
  some(isWanted: (index: number) => boolean): boolean;
  forEach(take: (index: number) => void): void;
  slice(from?: number, to?: number): readonly number[];
}

/** Numbers in the order in which they were added. Of those that follow each other, as nearly all do, only the ends are kept. */
export class IndexRuns implements Indices {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #length = 0;

  /** All numbers below this one. */
  static below(count: number): IndexRuns {
    const all = new IndexRuns();
    all.addRun(0, count);

    return all;
  }

  get length(): number {
    return this.#length;
  }

  add(index: number): void {
    this.addRun(index, index + 1);
  }

  /** @param end the first number that is not added */
  addRun(start: number, end: number): void {
    if (start >= end) return;

    const last = this.#ends.length - 1;
    if (this.#ends[last] === start) {
      this.#ends[last] = end;
    } else {
      this.#starts.push(start);
      this.#ends.push(end);
    }

    this.#length += end - start;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [at, start] of this.#starts.entries()) {
      const end = this.#ends[at] ?? start;
      for (let index = start; index < end; index++) yield index;
    }
  }

  filter(isWanted: (index: number) => boolean): IndexRuns {
    const wanted = new IndexRuns();
    this.forEach((index) => {
      if (isWanted(index)) wanted.add(index);
    });

    return wanted;
  }

  some(isWanted: (index: number) => boolean): boolean {
    for (const [at, start] of this.#starts.entries()) {
      const end = this.#ends[at] ?? start;
      for (let index = start; index < end; index++) {
        if (isWanted(index)) return true;
      }
    }

    return false;
  }

  forEach(take: (index: number) => void): void {
    for (const [at, start] of this.#starts.entries()) {
      const end = this.#ends[at] ?? start;
      for (let index = start; index < end; index++) take(index);
    }
  }

  slice(from = 0, to = this.#length): readonly number[] {
    const slice: number[] = [];
    let passed = 0;

    for (const [at, start] of this.#starts.entries()) {
      const end = this.#ends[at] ?? start;
      const last = Math.min(end, start + to - passed);
      for (
        let index = start + Math.max(0, from - passed);
        index < last;
        index++
      ) {
        slice.push(index);
      }

      passed += end - start;
      if (passed >= to) break;
    }

    return slice;
  }
}
