/** Making the index of an archive that is on its way into a bucket. */
import { messageOf } from '../../errors.js';
import { addNote } from '../../platform/run-notes.js';
import { tellStep } from '../../platform/steps.js';
import { archiveName, formatIndexName } from '../names.js';
import type { Storage, WrittenArchive, WrittenFile } from '../storage.js';

/** Undefined where it cannot be made, which is noted: an archive without one is whole. */
export async function tryIndex(
  { volumes, makeIndex }: WrittenArchive,
  workplace: Storage,
  stem: string,
): Promise<WrittenFile | undefined> {
  const name = formatIndexName(stem);
  tellStep(`writing ${name}`);

  try {
    return await makeIndex?.(workplace, stem, volumes);
  } catch (error) {
    const text = `${archiveName(stem)} gets no ${name}, its volumes are read instead: ${messageOf(error)}`;
    addNote({ kind: 'warning', key: name, text });

    return undefined;
  }
}
