import {
  DamagedArchiveError,
  errnoOf,
  KmsError,
  messageOf,
  SealedError,
} from '../errors.js';
import {
  type ArchiveFiles,
  isSealedArchive,
  openVolumeFile,
  type VolumeFileInfo,
} from './backup-directory.js';
import { readEntries } from './zip/central-directory.js';
import { findCentralDirectory } from './zip/plain-central-directory.js';
import { anywhereIn, type Damage, isLostVolume } from './damage.js';
import { findEntry } from './zip/find-entry.js';
import { formatVolumeName } from './names.js';
import { readText } from './read/read-text.js';
import { type RequiredFiles, readRequiredFiles } from './required-files.js';
import { holdsIdentity } from '../sealing/key-ring.js';
import { readToldFacts } from './told-facts.js';
import { isReadFailure } from './zip/source.js';
import {
  parseSummaryText,
  parseVersionText,
  SUMMARY_ENTRY,
  type SummaryText,
  VERSION_ENTRY,
  type VersionText,
} from './summary.js';

/** The statements of an archive about itself, read from its first and last volume; of the others only that they are not cut off. */
export interface ArchiveFacts {
  readonly files: ArchiveFiles;
  readonly version: VersionText | undefined;
  readonly summary: SummaryText | undefined;
  /** Undefined where it cannot be read. */
  readonly required?: RequiredFiles | undefined;
  /** Why it cannot be recovered whole as it lies there; undefined where nothing speaks against it. */
  readonly fault: string | undefined;
  /** The damage behind the fault; empty with a fault: all of the archive. */
  readonly damage: readonly Damage[];
  /** Why the archive could not be read this time, by the operating system or without an identity: nothing is known of it then. */
  readonly unreadable: Error | undefined;
  /** Set where its public seal says so: nobody here can look into it. */
  readonly told?: { readonly digest: string } | undefined;
}

/**
 * Reads what an archive says about itself. Of a sealed one that nobody here can look into its public seal says it, and this
 * machine's copy of its index.
 */
export async function readArchiveFacts(
  files: ArchiveFiles,
): Promise<ArchiveFacts> {
  if (!isSealedArchive(files)) return readOwnFacts(files);

  const { secrets } = files.volumes[0]?.storage ?? {};

  return (await holdsIdentity(secrets)) ? readOpened(files) : readClosed(files);
}

/** An identity may be for others. */
async function readOpened(files: ArchiveFiles): Promise<ArchiveFacts> {
  const own = await readOwnFacts(files);
  if (!(own.unreadable instanceof SealedError)) return own;

  return (await tellFacts(files)) ?? own;
}

/** A copy of the index says more than the seal. */
async function readClosed(files: ArchiveFiles): Promise<ArchiveFacts> {
  const told = await tellFacts(files);
  if (!told) return readOwnFacts(files);
  if (told.fault !== undefined || !files.index?.hasCopy) return told;

  const own = await readOwnFacts(files);

  return own.fault === undefined ? { ...own, told: told.told } : told;
}

async function tellFacts(
  files: ArchiveFiles,
): Promise<ArchiveFacts | undefined> {
  const told = await readToldFacts(files);

  return told && { ...told, files, unreadable: undefined };
}

/** Damage is a fact (`fault`), not an error, and so is what cannot be read. */
async function readOwnFacts(files: ArchiveFiles): Promise<ArchiveFacts> {
  const found = new Findings(files);
  let version: VersionText | undefined;
  let summary: SummaryText | undefined;

  try {
    const [first, last] = [files.volumes[0], files.volumes.at(-1)];
    const versionText =
      files.missingVolumes[0] === 0
        ? undefined
        : await found.readTextOf(first, VERSION_ENTRY);

    const summaryText = await found.readTextOf(last, SUMMARY_ENTRY);

    version =
      versionText === undefined ? undefined : parseVersionText(versionText);
    summary =
      summaryText === undefined ? undefined : parseSummaryText(summaryText);
    for (const volume of files.volumes.slice(1, -1)) {
      await found.checkEndOf(volume);
    }

    const { fault, damage } = found.judge(summary);
    const known = { files, version, summary, unreadable: undefined };
    if (fault !== undefined) return { ...known, fault, damage };

    return { ...known, ...(await lookForRequired(files, summary)) };
  } catch (error) {
    const isUnreadable = isReadFailure(error) || error instanceof SealedError;
    if (!isUnreadable) throw error;

    return toUnreadable({ files, version, summary }, error);
  }
}

/** Looks for the files without which an archive is no complete backup. */
async function lookForRequired(
  files: ArchiveFiles,
  summary: SummaryText | undefined,
): Promise<Pick<ArchiveFacts, 'required' | 'fault' | 'damage'>> {
  try {
    return {
      required: await readRequiredFiles(files, summary),
      fault: undefined,
      damage: [],
    };
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error;

    return { fault: messageOf(error), damage: anywhereIn(files) };
  }
}

/** Why nobody here can look into an archive. */
export const SEALED = 'it is sealed, and no identity that opens it was given';

/** The facts of an archive that could not be read this time. */
export function toUnreadable(
  {
    files,
    version,
    summary,
  }: Pick<ArchiveFacts, 'files' | 'version' | 'summary'>,
  error: Error,
): ArchiveFacts {
  const reason = `cannot be read: ${errnoOf(error) ?? messageOf(error)}`;
  const fault = error instanceof SealedError ? SEALED : reason;

  return { files, version, summary, fault, damage: [], unreadable: error };
}

/** Says whether an error is foreseen and is about something else than the archive: an identity that is not there. */
function isElsewhere(error: unknown): boolean {
  return error instanceof KmsError && !(error instanceof DamagedArchiveError);
}

/** The findings from the edges of an archive. */
class Findings {
  readonly #damage: Damage[];
  readonly #reasons: string[] = [];

  constructor(private readonly files: ArchiveFiles) {
    const missing = files.missingVolumes.map((number) =>
      formatVolumeName(files.stem, number),
    );
    this.#damage = missing.map((volume) => ({
      archive: files.stem,
      volume,
      kind: 'volume missing',
    }));
    if (missing.length > 0) {
      this.#reasons.push(`volume ${missing.slice(0, 3).join(', ')} is missing`);
    }
  }

  /** A text of ours; undefined where the volume does not have it, or it is damaged, which is noted. */
  async readTextOf(
    volume: VolumeFileInfo | undefined,
    name: string,
  ): Promise<string | undefined> {
    if (!volume || this.#isLost(volume)) return undefined;

    const source = await this.#tryVolume(volume, () => openVolumeFile(volume));
    if (!source) return undefined;

    try {
      const table = await this.#tryVolume(volume, () =>
        findEntry(source, name),
      );
      if (!table) return undefined;

      return await readText(source, table, 0);
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;

      this.#damage.push({
        archive: this.files.stem,
        volume: volume.name,
        kind: 'entries',
        names: [name],
      });
      this.#reasons.push(messageOf(error));

      return undefined;
    } finally {
      source.close();
    }
  }

  /** Notes a volume that does not end in a central directory: its copy was interrupted. */
  async checkEndOf(volume: VolumeFileInfo): Promise<void> {
    const source = await this.#tryVolume(volume, () => openVolumeFile(volume));
    if (!source) return;

    try {
      await this.#tryVolume(
        volume,
        async () =>
          (await findCentralDirectory(source)) ?? (await readEntries(source)),
      );
    } finally {
      source.close();
    }
  }

  /** The worst that speaks against the archive, and all its damage. */
  judge(
    summary: SummaryText | undefined,
  ): Pick<ArchiveFacts, 'fault' | 'damage'> {
    const { files } = this;
    if (!summary && !this.#isSummaryExplained()) {
      const volume = formatVolumeName(
        files.stem,
        files.volumes.length + files.missingVolumes.length,
      );

      this.#damage.push({
        archive: files.stem,
        volume,
        kind: 'volume missing',
      });
      this.#reasons.push(
        `it has no ${SUMMARY_ENTRY}: it is unfinished, or its last volume is missing`,
      );
    }

    const volumes = summary?.volumes;
    if (
      volumes !== undefined &&
      volumes !== files.volumes.length + files.missingVolumes.length
    ) {
      return {
        fault: `it has ${files.volumes.length} volumes, its summary says ${volumes}`,
        damage: [],
      };
    }

    return { fault: this.#reasons[0], damage: this.#damage };
  }

  /** Says whether the last volume, or the text itself, is known to be damaged. */
  #isSummaryExplained(): boolean {
    const last = this.files.volumes.at(-1)?.name;
    return this.#damage.some(
      (damage) =>
        damage.volume === last &&
        (damage.kind === 'central directory' ||
          (damage.kind === 'entries' && damage.names.includes(SUMMARY_ENTRY))),
    );
  }

  #isLost({ name }: VolumeFileInfo): boolean {
    return this.#damage.some(
      (damage) => isLostVolume(damage) && damage.volume === name,
    );
  }

  /** Does what needs the volume's central directory, and notes where that is broken. */
  async #tryVolume<T>(
    volume: VolumeFileInfo,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isReadFailure(error) || isElsewhere(error)) throw error;

      this.#damage.push({
        archive: this.files.stem,
        volume: volume.name,
        kind: 'central directory',
        reason: messageOf(error),
      });
      this.#reasons.push(messageOf(error));

      return undefined;
    }
  }
}
