/** One archive on its way into a directory: written and proven plain on this machine, sealed behind the writer, named when it is proven. */
import { randomUUID } from 'node:crypto';
import { FailedError } from '../../errors.js';
import { tellStep } from '../../platform/steps.js';
import type { Recipients } from '../../sealing/age-headers.js';
import { combineDigests } from '../combine-digests.js';
import { hashFile } from '../local-seal.js';
import {
  archiveName,
  formatSealedName,
  formatSealedTemporaryName,
  formatSealName,
  formatTemporaryIndexName,
  formatTemporaryName,
  formatVolumeName,
} from '../names.js';
import { keepIndex } from '../object-storage/index-copies.js';
import { leaveToNextRun } from '../object-storage/leave-to-next-run.js';
import { refuseOtherThanWritten } from '../object-storage/prove-sent.js';
import { tryIndex } from '../object-storage/try-index.js';
import type { VolumeTally } from '../object-storage/volume-tally.js';
import { VolumeUploads } from '../object-storage/volume-uploads.js';
import { formatSealText, type StoredVolume } from '../seal-text.js';
import type { Publication, Storage, WrittenArchive } from '../storage.js';
import { RenamePublication } from '../write/rename-publication.js';
import { SealedFiles } from './sealed-files.js';

/** What a publication depends on. */
interface SealedPublicationSettings {
  readonly directory: Storage;
  /** The state directory of the directory. */
  readonly own: Storage;
  readonly workplace: Storage;
  readonly stem: string;
  readonly recipients: Recipients;
  /** True where this machine keeps a copy of the index. */
  readonly keepsIndex: boolean;
  readonly now: () => Date;
}

export class SealedPublication implements Publication {
  readonly workplace: Storage;
  readonly #files: SealedFiles;
  readonly #uploads: VolumeUploads<SealedFiles>;
  readonly #renames: RenamePublication;
  #volumes = 0;

  constructor(private readonly settings: SealedPublicationSettings) {
    const { directory, workplace, stem, recipients } = settings;
    this.workplace = workplace;
    this.#files = new SealedFiles(directory, (key) => `${key}.part`);
    this.#renames = new RenamePublication(directory, stem, (volume) => ({
      temporary: formatSealedTemporaryName(stem, volume),
      final: formatSealedName(formatVolumeName(stem, volume)),
    }));

    this.#uploads = new VolumeUploads({
      pathOf: (volume) => workplace.pathOf(formatTemporaryName(stem, volume)),
      keyOf: (volume) => formatSealedName(formatVolumeName(stem, volume)),
      recipients,
      open: () => Promise.resolve(this.#files),
      options: {},
      onBegin: () => {
        this.#volumes += 1;

        return Promise.resolve();
      },
      takeUp: () => Promise.resolve(undefined),
    });
  }

  advance(volume: number, stableBytes: number, isClosed: boolean): void {
    this.#uploads.advance(volume, stableBytes, isClosed);
  }

  /** What dies before the first volume has its name leaves its temporary one, which proves that all else is unfinished. */
  async publish(
    archive: WrittenArchive,
    signal: AbortSignal | undefined,
  ): Promise<[]> {
    const { directory, own, workplace, stem, keepsIndex } = this.settings;
    await this.#refusePlain(archive);
    const index = keepsIndex && (await tryIndex(archive, workplace, stem));
    const sealed = await this.#seal(archive, signal);

    const copy = { own, workplace, keepsIndex };
    await keepIndex(copy, { stem, index: index || undefined });
    await directory.replaceRecord(
      formatSealName(stem),
      this.#textOf(archive, sealed),
    );
    await this.#renames.publish(archive, signal);

    await leaveToNextRun(directory.name, () => this.#clearWorkplace());

    return [];
  }

  /** The first volume goes last: until then it proves that what else has its name is unfinished. */
  async discard(): Promise<void> {
    const { directory, stem } = this.settings;
    await this.#uploads.stop();
    this.#files.abandon();

    await this.#renames.discard();
    await directory.remove(formatSealName(stem));

    for (let volume = this.#volumes - 1; volume >= 0; volume--) {
      await directory.remove(formatSealedTemporaryName(stem, volume));
    }

    await leaveToNextRun(directory.name, () => this.#clearWorkplace());
  }

  /** @throws {FailedError} where what lies there is not what was written */
  async #seal(
    archive: WrittenArchive,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredVolume[]> {
    const { volumes, isReadBack = false } = archive;
    const tallies = await this.#uploads.finish(volumes.length, signal);

    for (const [at, written] of volumes.entries()) {
      refuseOtherThanWritten(written, tallies[at]);
    }

    await this.#files.finish();

    const sealed = tallies.map(toStored);
    for (const volume of isReadBack ? sealed : []) {
      await this.#readBack(volume, signal);
    }

    return sealed;
  }

  async #readBack(
    { key, sha256 }: StoredVolume,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { directory } = this.settings;
    const name = `${key}.part`;
    tellStep(`reading back ${key}`);

    if ((await hashFile(directory, name, { signal })) === sha256) return;

    throw new FailedError(
      `${directory.pathOf(name)} does not hold what was sealed`,
      {
        hints: [
          'Look at the health of that disk, its cable and its memory, or of the share.',
          'Nothing was published; earlier archives are untouched.',
        ],
      },
    );
  }

  /** @throws {FailedError} where the archive lies there plain, or some of it */
  async #refusePlain({
    volumes,
  }: Pick<WrittenArchive, 'volumes'>): Promise<void> {
    const { directory, stem } = this.settings;

    for (const [volume] of volumes.entries()) {
      const name = formatVolumeName(stem, volume);
      if (!(await directory.stat(name))) continue;

      throw new FailedError(
        `${directory.pathOf(name)} is there, which is not sealed`,
        {
          hints: [
            'An archive is sealed whole or not at all: move its files away, and it is written anew.',
          ],
        },
      );
    }
  }

  #textOf(
    { volumes, base, facts, isReadBack = false }: WrittenArchive,
    sealed: readonly StoredVolume[],
  ): string {
    const { stem, now } = this.settings;
    tellStep(`sealing ${archiveName(stem)}`);

    return formatSealText({
      stem,
      run: randomUUID(),
      digest: combineDigests(
        volumes.map(({ directoryDigest }) => directoryDigest),
      ),
      base,
      sealedAt: now().toISOString(),
      isReadBack,
      volumes: sealed,
      facts,
    });
  }

  async #clearWorkplace(): Promise<void> {
    const { workplace, stem } = this.settings;

    for (let volume = 0; volume < this.#volumes; volume++) {
      await workplace.remove(formatTemporaryName(stem, volume));
    }

    await workplace.remove(formatTemporaryIndexName(stem));
  }
}

function toStored(tally: VolumeTally): StoredVolume {
  const { key, sizeBytes, sha256 } = tally.seal();

  return { key, sizeBytes, sha256 };
}
