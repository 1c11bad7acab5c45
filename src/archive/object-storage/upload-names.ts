/** The names of what is sent of an archive. */
import {
  archiveName,
  type ArchiveType,
  formatIndexName,
  formatTemporaryIndexName,
  formatTemporaryName,
  formatVolumeName,
  parseVolumeName,
} from '../names.js';

export interface UploadNames {
  /** The object's, before it is sealed. */
  readonly key: string;
  /** The file's in the spool. */
  readonly storedAs: string;
}

export function namesOfUpload(
  stem: string,
  what: number | 'index',
): UploadNames {
  return what === 'index'
    ? { key: formatIndexName(stem), storedAs: formatTemporaryIndexName(stem) }
    : {
        key: formatVolumeName(stem, what),
        storedAs: formatTemporaryName(stem, what),
      };
}

export function typeOf(stem: string): ArchiveType {
  const name = parseVolumeName(archiveName(stem));
  if (name) return name.type;

  throw new Error(`${stem} is no archive's name`);
}
