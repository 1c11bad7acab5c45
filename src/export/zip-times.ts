import { formatTimeFields } from '../archive/zip/extra-fields.js';
import { ticksOfMs } from '../platform/file-times.js';

/** The zip engine below archiver, and what it makes of an entry: as much of both as is used. */
interface ZipEngine {
  _appendBuffer: (entry: ZipEntry, ...rest: unknown[]) => unknown;
}
interface ZipEntry {
  setExtra: (bytes: Buffer) => void;
}

/**
 * Gives each entry its time as the extra fields that zip programs read before DOS time, which ends in 2107 and is local. Does
 * nothing where archiver keeps its engine elsewhere one day: DOS times are left then.
 * @param archive a ZipArchive
 * @param modifiedAt asked for the time of the entry that is appended
 */
export function addZipTimes(archive: object, modifiedAt: () => Date): void {
  const engine = (archive as { _module?: { engine?: Partial<ZipEngine> } })
    ._module?.engine;
  if (typeof engine?._appendBuffer !== 'function') return;

  const append = engine._appendBuffer.bind(engine);
  engine._appendBuffer = (entry, ...rest) => {
    entry.setExtra(formatTimeFields(ticksOfMs(modifiedAt().getTime())));
    return append(entry, ...rest);
  };
}
