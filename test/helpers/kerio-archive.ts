import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from './installation.js';
import { buildZip, type EntrySpec } from './zip-builder.js';

/** How an archive of Kerio's own is to look. */
export interface KerioOptions {
  /** `D` is Kerio Connect's differential, `I` that of MailServer 6. */
  readonly letter: 'F' | 'I' | 'D' | 'C';
  /** When the job started; the name's stamp. */
  readonly startedAt: Date;
  /** A new volume begins where the next entry would exceed it. Default: everything in one. */
  readonly volumeSizeBytes?: number;
  /** Differential: only files modified after it go in. */
  readonly changedSince?: Date;
  /** MailServer 6 has no certificates and no licence in its backups. Default `connect`. */
  readonly product?: 'connect' | 'mailserver6';
}

const NOT_BACKED_UP = new Set(['search.fld', '.pushdav.db', '.pushimap.db']);
const COMPONENTS = {
  connect: ['settings', 'license', 'sslca', 'sslcert'],
  mailserver6: [],
} as const;
const STORE_PARTS = ['spamassassin', 'lists', 'xmpp', 'im', 'mail'] as const;

/** Flags, made-by and attributes as in archives of Kerio Connect: FAT, deflate for all, local DOS time. */
function kerioEntry(
  name: string,
  content: Uint8Array | string,
  modifiedAt: Date,
): EntrySpec {
  return {
    name,
    content,
    flags: 2,
    versionMadeBy: 20,
    externalAttributes: name.endsWith('/') ? 0x10 : 0x20,
    ...dos(modifiedAt),
  };
}

/** Local time in DOS's two 16-bit words, odd seconds cut off (APPNOTE 4.4.6). */
function dos(time: Date): { dosDate: number; dosTime: number } {
  return {
    dosDate:
      ((time.getFullYear() - 1980) << 9) |
      ((time.getMonth() + 1) << 5) |
      time.getDate(),
    dosTime:
      (time.getHours() << 11) |
      (time.getMinutes() << 5) |
      (time.getSeconds() >> 1),
  };
}

/** `F20060118T220007Z`: letter and start in UTC. */
export function archiveName(letter: string, startedAt: Date): string {
  return `${letter}${startedAt.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
}

/** `2021-03-04 19:24:14`, local. */
function localText(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** All entries of a backup of `installation`, in Kerio's order, without the summary. */
export function kerioEntries(
  installation: Installation,
  options: KerioOptions,
): EntrySpec[] {
  const version = `started  = ${localText(options.startedAt)}\nversion  = 1\nhostname = mail.example.com\n`;
  const entries = [kerioEntry('.version.txt', version, options.startedAt)];
  const since = options.changedSince?.getTime() ?? -Infinity;
  const add = (path: string, name: string): void => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat || stat.isSymbolicLink()) return;
    if (stat.isFile()) {
      if (stat.mtimeMs > since) {
        entries.push(kerioEntry(name, readFileSync(path), stat.mtime));
      }

      return;
    }

    const children = readdirSync(path).filter(
      (child) => !NOT_BACKED_UP.has(child),
    );
    if (children.length === 0) {
      entries.push(kerioEntry(`${name}/`, '', stat.mtime));
    }

    for (const child of children) add(join(path, child), `${name}/${child}`);
  };

  for (const file of ['mailserver.cfg', 'users.cfg']) {
    add(join(installation.serverDir, file), file);
  }

  for (const part of COMPONENTS[options.product ?? 'connect']) {
    addPart(join(installation.serverDir, part), part);
  }

  for (const part of STORE_PARTS) {
    addPart(join(installation.storeDir, part), `store/${part}`);
  }

  return entries;

  function addPart(path: string, part: string): void {
    const isEmpty = readdirIfThere(path).length === 0;
    if (!isEmpty) add(path, `@backup/${part}`);
  }
}

function readdirIfThere(path: string): string[] {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(path)
    : [];
}

/** The last entry: what the archive holds, these two text files and directories not counted. */
export function summaryEntry(
  entries: readonly EntrySpec[],
  startedAt: Date,
): EntrySpec {
  const files = entries.filter(
    ({ name }) =>
      typeof name === 'string' &&
      !name.endsWith('/') &&
      name !== '.version.txt',
  );
  const totalSize = files.reduce(
    (sum, { content }) => sum + Buffer.byteLength(content ?? ''),
    0,
  );
  const text = [
    `started     = ${localText(startedAt)}`,
    `finished    = ${localText(startedAt)}`,
    `count_files = ${files.length}`,
    `total_size  = ${totalSize}`,
    'duration    = 00:00:00.577',
    '',
  ].join('\n');
  return kerioEntry('.summary.txt', text, startedAt);
}

/** Writes a backup of `installation` as the mail server itself would; returns its volumes' paths, the first first. */
export function writeKerioArchive(
  directory: string,
  installation: Installation,
  options: KerioOptions,
): string[] {
  const entries = kerioEntries(installation, options);
  const all = [...entries, summaryEntry(entries, options.startedAt)];
  const name = archiveName(options.letter, options.startedAt);
  return splitByVolume(all, options.volumeSizeBytes ?? Infinity).map(
    (part, index) => {
      const path = join(
        directory,
        index === 0 ? `${name}.zip` : `${name}.${index}.zip`,
      );
      writeFileSync(path, buildZip(part));
      return path;
    },
  );
}

function splitByVolume(
  entries: readonly EntrySpec[],
  limitBytes: number,
): EntrySpec[][] {
  const volumes: EntrySpec[][] = [[]];
  let used = 22;
  for (const entry of entries) {
    const length = buildZip([entry]).length - 22;
    if (used + length > limitBytes) {
      volumes.push([]);
      used = 22;
    }

    volumes[volumes.length - 1]?.push(entry);
    used += length;
  }

  return volumes;
}
