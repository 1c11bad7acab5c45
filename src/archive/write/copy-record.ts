import type { CopyFault, CopyResult } from './pack-tasks.js';

/** The records that were copied out of one volume. */
export interface CopiedCounts {
  readonly files: number;
  readonly storedBytes: number;
}

/** A record that was not copied, and the file name of its volume. */
export interface NotCopied extends CopyFault {
  readonly volume: string;
}

/** The record of what was copied from other archives, and of what could not be. */
export class CopyRecord {
  /** By the file name of the volume. */
  readonly counts = new Map<string, CopiedCounts>();
  readonly faults: NotCopied[] = [];
  readonly #unreadable = new Set<string>();
  #taken = 0;

  /** @param volume its file name */
  add(
    volume: string,
    { files, storedBytes, faults }: Omit<CopyResult, 'kind'>,
  ): void {
    const before = this.counts.get(volume);

    this.counts.set(volume, {
      files: (before?.files ?? 0) + files,
      storedBytes: (before?.storedBytes ?? 0) + storedBytes,
    });

    for (const fault of faults) {
      this.faults.push({ ...fault, volume });
      if (!fault.isDamage) this.#unreadable.add(volume);
    }
  }

  /** Says whether the volume could not be read: asking again would cost the patience of a disk or share each time. */
  isUnreadable(volume: string): boolean {
    return this.#unreadable.has(volume);
  }

  /** The faults since the last call. */
  takeNew(): readonly NotCopied[] {
    const faults = this.faults.slice(this.#taken);
    this.#taken = this.faults.length;

    return faults;
  }
}
