/**
 * Pins: whoever wants to keep an archive says so in a small file beside it, `F….pin.json`, which travels with it. Where files can
 * be replaced the file is replaced as a whole; in a bucket each change is a file of its own, `F….pin.1.json`, and the highest number is
 * true. Taking a pin away is a change, too: the file says so then, and needs no right to remove anything.
 */
import { messageOf } from '../errors.js';
import { isJsonObject } from '../platform/own-file.js';
import { archiveName, formatPinName, parsePinName } from './names.js';
import { newestPins } from './newest-pins.js';
import type { Storage, StoredFile } from './storage.js';

export interface Pin {
  /** False where a pin was taken away. */
  readonly isPinned: boolean;
  /** When it was said. */
  readonly at: Date;
  readonly reason?: string | undefined;
  /** From this moment on the pin keeps nothing; undefined: it keeps for ever. */
  readonly until?: Date | undefined;
}

/** A pin that cannot be read or understood. It may be one, so the archive is kept. */
interface BrokenPin {
  /** `F….pin.json is no JSON` */
  readonly fault: string;
}

export type PinState = Pin | BrokenPin;

const SCHEMA = 'kms-backup/pin-file/1';
const KEYS: ReadonlySet<string> = new Set([
  'schema',
  'archive',
  'isPinned',
  'at',
  'reason',
  'until',
]);
/** Far more than any reason needs. */
const MAX_BYTES = 65_536;
/** So many others may write a pin at the same moment. */
const TRIES = 20;

/** The pin of an archive as it is at this moment; undefined where it never had one. */
export async function findPin(
  storage: Storage,
  stem: string,
): Promise<PinState | undefined> {
  const file = newestPins(await listPins(storage, stem)).get(stem);

  return file && readPin(storage, file);
}

/** The names of all pins of an archive. */
export async function pinNamesOf(
  storage: Storage,
  stem: string,
): Promise<string[]> {
  return (await listPins(storage, stem)).map(({ name }) => name);
}

function listPins(storage: Storage, stem: string): Promise<StoredFile[]> {
  return storage.list((name) => parsePinName(name)?.stem === stem);
}

/** The text of a pin as it stands there, whatever it says; undefined where it cannot be read. */
export async function readPinText(
  storage: Storage,
  stem: string,
): Promise<string | undefined> {
  const file = newestPins(await listPins(storage, stem)).get(stem);
  if (file?.kind !== 'file' || file.sizeBytes > MAX_BYTES) return undefined;

  try {
    return await readText(storage, file);
  } catch {
    return undefined;
  }
}

async function readText(
  storage: Storage,
  { name, sizeBytes }: StoredFile,
): Promise<string> {
  const source = await storage.openForRanges(name);
  const bytes = await source.read(0, sizeBytes);
  source.close();

  return bytes.toString();
}

/** Reads the pin that a listing has found. What cannot be read is a broken one. */
export async function readPin(
  storage: Storage,
  file: StoredFile,
): Promise<PinState> {
  const { name, kind, sizeBytes } = file;
  if (kind !== 'file') return { fault: `${name} is no plain file` };
  if (sizeBytes > MAX_BYTES) return { fault: `${name} is too large` };

  try {
    return parsePin(name, await readText(storage, file));
  } catch (error) {
    return { fault: `${name} cannot be read: ${messageOf(error)}` };
  }
}

function parsePin(name: string, text: string): PinState {
  const json = parseJson(text);
  if (!isJsonObject(json)) return { fault: `${name} is no JSON of a pin` };

  const own = archiveName(parsePinName(name)?.stem ?? '');
  const { schema, archive } = json;
  const isOwn =
    schema === SCHEMA &&
    archive === own &&
    Object.keys(json).every((key) => KEYS.has(key));

  return (
    (isOwn ? toPin(json) : undefined) ?? {
      fault: `${name} does not say what a pin says`,
    }
  );
}

/** Undefined where a field is missing or is another thing. */
function toPin({
  isPinned,
  at,
  reason,
  until,
}: Readonly<Record<string, unknown>>): Pin | undefined {
  if (typeof isPinned !== 'boolean' || !isTime(at)) return undefined;
  if (reason !== undefined && typeof reason !== 'string') return undefined;
  if (until !== undefined && !isTime(until)) return undefined;

  return {
    ...{ isPinned, at: new Date(at) },
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTime(json: unknown): json is string {
  return typeof json === 'string' && !Number.isNaN(Date.parse(json));
}

/**
 * Writes the pin of an archive, or that it has none any more. Call it while the storage's lock is held.
 * @returns the name of the file
 */
export function writePin(
  storage: Storage,
  stem: string,
  pin: Pin,
): Promise<string> {
  return writePinText(storage, stem, formatPin(stem, pin));
}

/** The same of a text that may say nothing: a pin that nobody understands keeps the archive. */
export async function writePinText(
  storage: Storage,
  stem: string,
  text: string,
): Promise<string> {
  const numbers = (await pinNamesOf(storage, stem)).map(
    (name) => parsePinName(name)?.number ?? 0,
  );
  const newest = Math.max(-1, ...numbers);

  if (!storage.putOnce) {
    const name = formatPinName(stem, Math.max(0, newest));
    await storage.replaceRecord(name, text);

    return name;
  }

  for (let number = newest + 1; number <= newest + TRIES; number++) {
    const name = formatPinName(stem, number);
    if (await storage.putOnce(name, text)) return name;
  }

  throw new Error(`others pin ${archiveName(stem)} at the same time`);
}

function formatPin(stem: string, { isPinned, at, reason, until }: Pin): string {
  const json = {
    schema: SCHEMA,
    archive: archiveName(stem),
    isPinned,
    at: at.toISOString(),
    reason,
    until: until?.toISOString(),
  };

  return `${JSON.stringify(json, undefined, 2)}\n`;
}
