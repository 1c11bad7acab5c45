/** Publishing by renames: a storage that renames gives an archive's volumes their names, and the first one's name vouches. */
import { errnoOf } from '../../errors.js';
import { isHeldCode } from '../../platform/patience.js';
import { toSystemError } from '../../platform/system-error.js';
import { formatTemporaryName, formatVolumeName } from '../names.js';
import {
  type Publication,
  requireFeature,
  type Storage,
  type WrittenArchive,
} from '../storage.js';

/** The names of a volume before and after. */
interface VolumeNames {
  readonly temporary: string;
  readonly final: string;
}

/** The volumes are written where they will lie, under temporary names. */
export class RenamePublication implements Publication {
  readonly #published: string[] = [];

  constructor(
    readonly workplace: Storage,
    stem: string,
    private readonly namesOf = (volume: number): VolumeNames => ({
      temporary: formatTemporaryName(stem, volume),
      final: formatVolumeName(stem, volume),
    }),
  ) {
    requireFeature(workplace, 'renames');
  }

  advance(): void {
    // Nothing goes anywhere ahead of the renames.
  }

  /**
   * Gives all volumes their names, the first one last: its name means that the archive is complete. An abort between
   * two renames leaves volumes without a first one, which no command takes for an archive and the next run sweeps.
   * @throws {FailedError} when a volume cannot be renamed, or a minute long another program holds it
   */
  async publish(
    { volumes }: Pick<WrittenArchive, 'volumes'>,
    signal: AbortSignal | undefined,
  ): Promise<[]> {
    for (let index = volumes.length - 1; index >= 0; index--) {
      const { temporary, final } = this.namesOf(index);

      await this.workplace
        .publish(temporary, final, signal)
        .catch((error: unknown) => {
          throw toRenameError(final, error);
        });
      this.#published.push(final);

      // The other names are durable before the one that vouches for them.
      if (index <= 1) await this.workplace.sync();
    }

    return [];
  }

  /** Removes the volumes that have got their names. */
  async discard(): Promise<void> {
    for (const name of this.#published) await this.workplace.remove(name);
  }
}

function toRenameError(name: string, error: unknown): unknown {
  const scanner =
    'Look which program has files of the backup directory open, a virus scanner for instance, and tell it to leave them.';
  const held = isHeldCode(errnoOf(error) ?? '') ? [scanner] : [];

  const hints = [
    ...held,
    'Nothing was published; earlier archives are untouched.',
  ];

  return (
    toSystemError(error, { fact: `${name} cannot be given its name`, hints }) ??
    error
  );
}
