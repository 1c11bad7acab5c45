/** Opens the volumes of an archive that has an index: what that holds it gives, and all else the volume. */
import { DamagedArchiveError, messageOf, SealedError } from '../../errors.js';
import { addNote } from '../../platform/run-notes.js';
import { sealedBytesOf } from '../../sealing/payload.js';
import { combineDigests } from '../combine-digests.js';
import { isSealedName } from '../names.js';
import type { RandomAccessSource } from '../zip/source.js';
import { OpenIndex } from './open-index.js';
import type { DirectWays, VolumeOpener } from './volume-opener.js';

/** A file of an archive as it is listed. */
interface ListedFile {
  /** `F….index.zip`, `F….1.zip` */
  readonly name: string;
  /** The same, or with `.age`. */
  readonly storedAs: string;
  readonly sizeBytes: number;
}

/** An index as it is listed, with the archive that it lies beside. */
export interface ListedIndex extends Omit<ListedFile, 'sizeBytes'> {
  /** The archive's. */
  readonly stem: string;
  readonly volumes: readonly ListedFile[];
  /** Undefined where only a copy is there. */
  readonly sizeBytes: number | undefined;
  open(): Promise<RandomAccessSource>;
  /** Says whether a sealed one can be opened. */
  canOpen(): Promise<boolean>;
  /** This machine's own, which is not sealed. */
  readonly copy: IndexCopy | undefined;
}

interface IndexCopy {
  open(): Promise<RandomAccessSource>;
  /** That of the archive, as it was sealed. */
  findDigest(): Promise<string | undefined>;
}

export class IndexedVolumes implements VolumeOpener {
  #loading: Promise<void> | undefined;
  #index: OpenIndex | undefined;

  constructor(private readonly listed: ListedIndex) {}

  /** This machine can look into it without an identity. */
  get hasCopy(): boolean {
    return this.listed.copy !== undefined;
  }

  async open(direct: DirectWays): Promise<RandomAccessSource> {
    await this.#load();

    return this.#sourceOf(direct) ?? direct.open();
  }

  /** Who reads a volume again has opened it before. */
  openAtOnce(direct: DirectWays): RandomAccessSource {
    return this.#sourceOf(direct) ?? direct.openAtOnce();
  }

  async digestOf(name: string): Promise<string | undefined> {
    await this.#load();

    return this.#index?.volume(name)?.digest;
  }

  /** Bytes of a volume, where the index holds them. */
  async read(
    name: string,
    offset: number,
    length: number,
  ): Promise<Buffer | undefined> {
    try {
      return await this.#index?.read(name, offset, length);
    } catch (error) {
      this.#note(error);

      return undefined;
    }
  }

  /** The same in this thread. @returns false where it does not hold them */
  readInto(name: string, into: Uint8Array, offset: number): boolean {
    try {
      return this.#index?.readInto(name, into, offset) === true;
    } catch (error) {
      this.#note(error);

      return false;
    }
  }

  /** Brings all of it into memory, for who is going to read most of it, and more than once. What fails here fails later. */
  async hold(): Promise<void> {
    await this.#load();
    await this.#index?.hold().catch(() => undefined);
  }

  /** Says what of it a volume has otherwise. Where it cannot be used at all, a note says so. */
  async findFault(direct: DirectWays): Promise<string | undefined> {
    await this.#load();
    const source = await direct.open();

    try {
      const at = await this.#index?.findFalseByte(source);
      if (at === undefined) return undefined;

      return `${this.listed.name} does not hold what ${direct.name} has at byte ${at}`;
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;
      this.#note(error);

      return undefined;
    } finally {
      source.close();
    }
  }

  #sourceOf(direct: DirectWays): RandomAccessSource | undefined {
    const volume = this.#index?.volume(direct.name);

    return volume && new IndexedSource(this, direct, volume.sizeBytes);
  }

  /** Reads the table, once. */
  #load(): Promise<void> {
    this.#loading ??= this.#open();

    return this.#loading;
  }

  async #open(): Promise<void> {
    try {
      this.#index = (await this.#openCopy()) ?? (await this.#openListed());
    } catch (error) {
      // Who cannot open it is told of the volumes.
      if (!(error instanceof SealedError)) this.#note(error);
    }
  }

  async #openListed(): Promise<OpenIndex | undefined> {
    const { stem, sizeBytes } = this.listed;
    if (sizeBytes === undefined) return undefined;

    const index = await OpenIndex.of(await this.listed.open(), stem);
    refuseOthers({ ...this.listed, sizeBytes }, index);

    return index;
  }

  /** For who cannot open the archive's own one, or where there is none. */
  async #openCopy(): Promise<OpenIndex | undefined> {
    const { stem, sizeBytes, copy } = this.listed;
    const isUseful =
      copy && (sizeBytes === undefined || !(await this.listed.canOpen()));
    if (!isUseful) return undefined;

    const index = await OpenIndex.of(await copy.open(), stem);
    const digest = combineDigests(index.volumes.map((volume) => volume.digest));
    if (digest === (await copy.findDigest())) return index;

    throw new DamagedArchiveError('it is not of the archive that was sealed');
  }

  /** Whatever is wrong with some of it: all that it holds lies in the volumes, too. */
  #note(error: unknown): void {
    const { name } = this.listed;

    addNote({
      kind: 'warning',
      key: `index ${name}`,
      text: `${name} is not used, the volumes are read instead: ${messageOf(error)}`,
    });
  }
}

/** @throws {DamagedArchiveError} where a volume is not one that the index was made of */
function refuseOthers(
  listed: ListedFile & Pick<ListedIndex, 'volumes'>,
  index: OpenIndex,
): void {
  // What stands before what is sealed is as long in each file of an archive.
  const headBytes = listed.sizeBytes - storedBytes(listed, index.source);

  const other = listed.volumes.find((file) => {
    const volume = index.volume(file.name);

    return (
      volume === undefined ||
      storedBytes(listed, volume) + headBytes !== file.sizeBytes
    );
  });

  if (other) {
    throw new DamagedArchiveError(
      `${other.name} is not the volume that it was made of`,
    );
  }
}

/** The length of a file as it is stored, without what stands before it. */
function storedBytes(
  { storedAs }: Pick<ListedFile, 'storedAs'>,
  { sizeBytes }: { readonly sizeBytes: number },
): number {
  return isSealedName(storedAs) ? sealedBytesOf(sizeBytes) : sizeBytes;
}

/** A volume that is opened when something is read of it that the index does not hold. */
class IndexedSource implements RandomAccessSource {
  readonly name: string;
  #opening: Promise<RandomAccessSource> | undefined;
  #volume: RandomAccessSource | undefined;

  constructor(
    private readonly index: IndexedVolumes,
    private readonly direct: DirectWays,
    readonly sizeBytes: number,
  ) {
    this.name = direct.name;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const held = await this.index.read(this.name, offset, length);
    if (held) return held;

    const volume = await this.#open();

    return volume.read(offset, length);
  }

  readInto(into: Uint8Array, offset: number): void {
    if (this.index.readInto(this.name, into, offset)) return;

    this.#volume ??= this.direct.openAtOnce();
    this.#volume.readInto(into, offset);
  }

  async hold(offset: number, length: number): Promise<void> {
    try {
      if (await this.index.read(this.name, offset, length)) return;

      const volume = await this.#open();
      await volume.hold?.(offset, length);
    } catch {
      // Whoever reads it is told.
    }
  }

  close(): void {
    this.#volume?.close();
  }

  async #open(): Promise<RandomAccessSource> {
    this.#opening ??= this.direct.open();
    this.#volume = await this.#opening;

    return this.#volume;
  }
}
