/** What can be proven of a sealed archive that nobody here can open: that it is what was sealed. */
import type { OnProgress } from '../platform/progress.js';
import type { ArchiveFacts } from './archive-facts.js';
import type { Damage } from './damage.js';
import { isSealedName } from './names.js';
import type { SealProof } from './storage.js';

/** What its public seal proves of a sealed archive that no identity opens. */
export interface SealVerdict {
  readonly sealedAt: Date;
  /** It had been read back when it was sealed. */
  readonly isReadBack: boolean;
  /** Every sealed byte was read now, not only asked about. */
  readonly isRead: boolean;
}

interface SealedOptions {
  readonly readsSealed?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is reported of it beside the usual. */
interface SealedOutcome {
  readonly isSealed: boolean;
  readonly isSound?: boolean;
  readonly isIntact?: boolean;
  readonly fault?: string;
  readonly damage?: readonly Damage[];
  readonly seal?: SealVerdict;
  readonly entries?: number;
  readonly messages?: number;
  readonly bytes?: number;
}

/** @throws {Error} the operating system's, where the storage does not answer */
export async function verifySealed(
  facts: ArchiveFacts,
  options: SealedOptions,
): Promise<SealedOutcome> {
  const proof = await prove(facts, options);
  if (!proof) return { isSealed: true };

  const { sealedAt, isReadBack, faults } = proof;
  const isLocal = facts.files.volumes[0]?.storage.localDirectory !== undefined;
  // Of a disk all is read: nobody charges for that.
  const isRead = isLocal || options.readsSealed === true;
  const seal = { sealedAt, isReadBack, isRead };
  const [first] = faults;

  if (first) {
    const damage = toDamage(facts.files.stem, proof);

    return {
      isSealed: false,
      fault: `${first.key}: ${first.reason}`,
      damage,
      seal,
    };
  }

  // What was proven plain before it was sealed is proven where its sealed bytes are the same.
  const isProven = isRead && isReadBack;

  return {
    isSealed: true,
    isSound: isProven,
    isIntact: isProven,
    seal,
    ...countsOf(facts),
  };
}

function prove(
  { files }: ArchiveFacts,
  { readsSealed = false, signal, onProgress }: SealedOptions,
): Promise<SealProof | undefined> {
  let doneBytes = 0;

  const onRead = (bytes: number): void => {
    doneBytes += bytes;
    onProgress?.({
      phase: 'verifying',
      doneItems: 0,
      doneBytes,
      totalBytes: files.sizeBytes,
    });
  };

  const proving = files.volumes[0]?.storage.proveSeal?.(files.stem, {
    readsAll: readsSealed,
    signal,
    onRead,
  });

  return proving ?? Promise.resolve(undefined);
}

function countsOf({
  summary,
}: ArchiveFacts): Pick<SealedOutcome, 'entries' | 'messages' | 'bytes'> {
  return {
    entries: summary?.fileCount ?? 0,
    messages: summary?.messages ?? 0,
    bytes: summary?.totalBytes ?? 0,
  };
}

function toDamage(archive: string, { faults }: SealProof): Damage[] {
  return faults.map(({ key, reason }) => ({
    archive,
    volume: isSealedName(key) ? key.slice(0, -'.age'.length) : key,
    kind: 'central directory',
    reason,
  }));
}
