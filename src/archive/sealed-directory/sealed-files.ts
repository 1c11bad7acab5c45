/** The sealed volumes of an archive that has no name yet, as files of its directory: what a bucket takes as parts is written here. */
import type { UploadPart } from '../../object-store/object-store.js';
import { PART_BYTES } from '../object-storage/part-lanes.js';
import type { PartSink } from '../object-storage/volume-uploads.js';
import type { Storage, StorageWriter } from '../storage.js';

/** Dirty data is sent to the disk while the next part is sealed, so that the last sync is short. */
const PARTS_BEHIND = 4;

export class SealedFiles implements PartSink {
  readonly #writers = new Map<string, StorageWriter>();

  /** @param nameOf the name that a volume of this key has until it is published */
  constructor(
    private readonly directory: Storage,
    private readonly nameOf: (key: string) => string,
  ) {}

  /** What a dead run left under its name is not gone on with: it was sealed under another key. */
  async beginUpload(key: string): Promise<string> {
    const name = this.nameOf(key);
    await this.directory.remove(name);
    this.#writers.set(key, this.directory.create(name));

    return name;
  }

  putPart(
    key: string,
    _uploadId: string,
    number: number,
    bytes: Buffer,
  ): Promise<UploadPart> {
    return new Promise((answer) => {
      const writer = this.#writers.get(key);
      if (!writer) throw new Error(`${key} was not begun`);

      writer.write(bytes, (number - 1) * PART_BYTES);
      if (number % PARTS_BEHIND === 0) writer.flush();

      answer({ number, etag: '', sizeBytes: bytes.length });
    });
  }

  close(): void {
    // Each part is written when its call returns.
  }

  /** Makes all of them durable. */
  async finish(): Promise<void> {
    for (const [key, writer] of this.#writers) {
      this.#writers.delete(key);
      await writer.close();
    }
  }

  /** Closes what is still open; the caller removes the files. */
  abandon(): void {
    for (const writer of this.#writers.values()) writer.abandon();
    this.#writers.clear();
  }
}
