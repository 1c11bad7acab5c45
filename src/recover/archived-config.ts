import { fileNameAt } from '../archive/entry-kind.js';
import { toReadError } from '../archive/read-error.js';
import { openAtOnce } from '../archive/volume-handle.js';
import { EntryDamage } from '../archive/zip/entry-damage.js';
import { readWhole } from '../archive/zip/read-entry.js';
import { KmsError, messageOf } from '../errors.js';
import { refuseTooLarge } from '../platform/settings-file.js';
import {
  type ConfigDocument,
  parseConfigDocument,
} from '../server/config/document.js';
import { type ConfigText, decodeConfigText } from '../server/config/text.js';
import type { ChainEntries } from './select-entries.js';
import { selectedRuns } from './selected-runs.js';

/** A configuration file among the entries of an archive. */
export interface ArchivedConfig {
  /** Undefined: it is not among the entries, is damaged, or makes no sense. */
  readonly document?: ConfigDocument;
  /** The reason why a file that is there makes no sense. */
  readonly problem?: string;
}

/** mailserver.cfg or users.cfg as an archive brings it. Damage is left to the staging, which names it. */
export async function readArchivedConfig(
  entries: ChainEntries,
  name: string,
): Promise<ArchivedConfig> {
  try {
    const text = await readArchivedText(entries, name);

    return text ? { document: parseConfigDocument(text) } : {};
  } catch (error) {
    if (error instanceof KmsError) return { problem: messageOf(error) };
    throw error;
  }
}

/**
 * The text of such a file; undefined where it is not among the entries, or is damaged.
 * @throws {ConfigurationError} when it is too large, or UTF-16
 */
export async function readArchivedText(
  { tops, selections }: ChainEntries,
  name: string,
): Promise<ConfigText | undefined> {
  if (!tops.some((top) => top.area === 'install' && top.name === name)) {
    return undefined;
  }

  try {
    return decodeConfigText(name, await readRootFile(selections, name));
  } catch (error) {
    if (error instanceof EntryDamage) return undefined;
    throw toReadError(error);
  }
}

/** A file at the archive's root, whole also where it was split. @throws {EntryDamage} · {ConfigurationError} when too large */
async function readRootFile(
  selections: ChainEntries['selections'],
  name: string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];

  for (const selection of selections) {
    const found = findAtRoot(selection, name);
    if (found.length === 0) continue;

    const { table, volume } = selection;
    const source = await openAtOnce(volume);

    try {
      for (const index of found) {
        const piece = table.piece(index);
        refuseTooLarge(name, { size: piece?.totalBytes ?? table.size(index) });
        pieces[piece?.index ?? 0] = readWhole({ source, table, index });
      }
    } finally {
      source.close();
    }
  }

  return Buffer.concat(Object.values(pieces));
}

function findAtRoot(
  selection: ChainEntries['selections'][number],
  name: string,
): number[] {
  for (const { prefix, table, indices } of selectedRuns([selection])) {
    const found =
      prefix === ''
        ? [...indices].filter((index) => fileNameAt(table, index) === name)
        : [];
    if (found.length > 0) return found;
  }

  return [];
}
