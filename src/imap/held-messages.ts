/** The messages that a folder of the server holds, as far as somebody asked for them. */

/** A message of the server by its number in the folder. */
export interface HeldSize {
  readonly uid: number;
  readonly sizeBytes: number;
}

/** Reads the keys of messages of a folder, by `identityOf`. */
export type ReadKeys = (uids: readonly number[]) => Promise<readonly string[]>;

/**
 * Says how often a folder holds a message. Sizes are known of all its messages; the headers only of those that have the size of
 * one that was asked for, so that a message is put into a folder of 100,000 without reading it.
 */
export class HeldMessages {
  readonly #bySize = new Map<number, number[]>();
  readonly #counts = new Map<string, number>();

  constructor(
    sizes: readonly HeldSize[],
    private readonly readKeys: ReadKeys,
  ) {
    for (const { uid, sizeBytes } of sizes) {
      const uids = this.#bySize.get(sizeBytes) ?? [];
      this.#bySize.set(sizeBytes, uids);
      uids.push(uid);
    }
  }

  /** Those of a folder that is not there. */
  static none(): HeldMessages {
    return new HeldMessages([], () => Promise.resolve([]));
  }

  /** Reads all keys at once, where most of them will be asked for. */
  async readAll(): Promise<void> {
    const uids = [...this.#bySize.values()].flat();
    this.#bySize.clear();
    await this.#read(uids);
  }

  async countOf(key: string, sizeBytes: number): Promise<number> {
    const uids = this.#bySize.get(sizeBytes);

    if (uids) {
      await this.#read(uids);
      this.#bySize.delete(sizeBytes);
    }

    return this.#counts.get(key) ?? 0;
  }

  /** A message was added. */
  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  async #read(uids: readonly number[]): Promise<void> {
    if (uids.length === 0) return;

    for (const key of await this.readKeys(uids)) this.add(key);
  }
}
