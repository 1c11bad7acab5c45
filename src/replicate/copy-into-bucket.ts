/** Copies an archive into a storage that publishes archives whole. */
import { digestVolume } from '../archive/open-archive.js';
import type {
  Publication,
  PublicationIssue,
  WrittenVolume,
} from '../archive/storage.js';
import { makeIndex } from '../archive/volume-index/index-file.js';
import { readVolume, refuseOther } from './prove-source.js';
import type { ArchiveCopy } from './request.js';

/** Nothing of it can be seen before all of it is there. What was sent when it fails need not be sent again. */
export async function copyIntoBucket(
  copy: ArchiveCopy,
  publication: Publication,
): Promise<readonly PublicationIssue[]> {
  const { state, signal } = copy;

  try {
    const volumes = await sendVolumes(copy, publication);
    const { version } = state.facts;
    const { base: stem, baseDigest: digest } = version ?? {};
    const hasBase = stem !== undefined && digest !== undefined;

    return await publication.publish(
      {
        volumes,
        isReadBack: true,
        facts: state.facts,
        makeIndex,
        ...(hasBase && { base: { stem, digest } }),
      },
      signal,
    );
  } catch (error) {
    await publication.discard();

    throw error;
  }
}

/** Each volume is compared with its checksum before it is sent: it is read again then, out of the system's memory. */
async function sendVolumes(
  { state, crcs, signal, onSent }: ArchiveCopy,
  publication: Publication,
): Promise<WrittenVolume[]> {
  const written: WrittenVolume[] = [];

  for (const [number, file] of state.facts.files.volumes.entries()) {
    const { sizeBytes } = file;
    const crc = await readVolume(file, signal, onSent);
    refuseOther(file, crc, crcs[number]);

    publication.advance(number, sizeBytes, true);
    const directoryDigest = await digestVolume(file);
    written.push({ sizeBytes, directoryDigest, crc: () => crc });
  }

  return written;
}
