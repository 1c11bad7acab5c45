/** What is known of a sealed archive that nobody here can look into: its public seal says it, and the list of its volumes. */
import type { ArchiveFiles } from './backup-directory.js';
import { describeLost, type LostVolume } from './damage.js';
import type { PublicFacts } from './public-facts.js';
import type { PublicSeal } from './storage.js';

interface ToldFacts extends PublicFacts {
  readonly fault: string | undefined;
  readonly damage: readonly LostVolume[];
  readonly told: Pick<PublicSeal, 'digest'>;
}

/** Undefined where there is no seal, or one of an earlier version, which says nothing of it. */
export async function readToldFacts(
  files: ArchiveFiles,
): Promise<ToldFacts | undefined> {
  const storage = files.volumes[0]?.storage;
  const seal = await storage?.readSeal?.(files.stem);
  if (!seal?.facts) return undefined;

  const damage = lostVolumes(files, seal);
  const [first] = damage;

  return {
    ...seal.facts,
    fault: first && describeLost(first),
    damage,
    told: { digest: seal.digest },
  };
}

/** The volumes that are not there as they were sealed. */
function lostVolumes(
  { stem, volumes }: ArchiveFiles,
  seal: PublicSeal,
): LostVolume[] {
  return seal.volumes.flatMap(({ key, sizeBytes }): LostVolume[] => {
    const there = volumes.find(({ storedAs }) => storedAs === key);
    const volume = key.replace(/\.age$/, '');
    if (!there) return [{ archive: stem, volume, kind: 'volume missing' }];
    if (there.sizeBytes === sizeBytes) return [];

    const reason = `${key} is not what was sealed: it has ${there.sizeBytes} bytes instead of ${sizeBytes}`;

    return [{ archive: stem, volume, kind: 'central directory', reason }];
  });
}
