import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError } from '../errors.js';
import type { ConfigChange } from '../server/config/change.js';
import type { ConfigDocument } from '../server/config/document.js';
import { findSection, readerOf } from '../server/config/values.js';
import type { Installation } from '../server/installation.js';
import { isBackupLine } from '../server/server-log.js';
import { readSettings } from '../server/settings.js';
import {
  type EditOptions,
  type EditReport,
  editSettings,
  type SettingsSource,
} from '../server/settings-source.js';

/** Switches the debug log's message group Store Backup. @throws as `editSettings` */
export async function switchStoreBackupLog(
  source: SettingsSource,
  isOn: boolean,
  options: EditOptions,
): Promise<EditReport> {
  return editSettings(source, options, ({ document }) =>
    planSwitch(document, isOn),
  );
}

function planSwitch(document: ConfigDocument, isOn: boolean): ConfigChange[] {
  const value = isOn ? '1' : '0';
  const items = findSection(document, 'list', 'LogEvents')?.items ?? [];

  const index = items.findIndex((item) => {
    const read = readerOf(document, item);
    return (
      read.text('LogName', '') === 'debug' &&
      read.text('EventName', '') === 'backup'
    );
  });

  if (index !== -1) {
    return [
      { kind: 'set-in-item', list: 'LogEvents', index, name: 'Enabled', value },
    ];
  }

  if (!isOn) return [];

  const values = [
    ['LogName', 'debug'] as const,
    ['EventName', 'backup'] as const,
    ['Enabled', value] as const,
  ];

  return [{ kind: 'add-item', list: 'LogEvents', values }];
}

/** The debug log, opened at its beginning. */
export interface BackupLog {
  readonly path: string;
  /** The Store Backup messages are switched on. */
  readonly isEnabled: boolean;
  readonly reader: LogReader;
}

const CHUNK_BYTES = 1 << 20;
const POLL_MS = 500;

/** Opens the debug log for its Store Backup lines. @throws {NotFoundError} when there is no such log */
export function openBackupLog(installation: Installation): BackupLog {
  const { debugLogPath: path, logsStoreBackup: isEnabled } =
    readSettings(installation);
  if (!existsSync(path)) {
    throw new NotFoundError(`there is no debug log ${path}`, {
      hints: [
        'Switch the messages on with log enable store-backup, then back up.',
      ],
    });
  }

  return { path, isEnabled, reader: new LogReader(path) };
}

/**
 * Hands over each further backup line until `signal` aborts. When the server begins a new log, the rest of the old one is
 * read first, then the new one from its beginning.
 */
export async function followBackupLog(
  { path, reader }: BackupLog,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let current = reader;
  while (!signal.aborted) {
    const isReplaced = current.isReplaced();
    for (const line of current.read(isReplaced)) onLine(line);

    if (isReplaced) {
      current.close();
      current = new LogReader(path);
      continue;
    }

    await sleep(POLL_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  current.close();
}

/** Reads the backup lines of a growing file in bounded memory. It holds the file open: a renamed log is read to its end. */
class LogReader {
  readonly #fd: number;
  readonly #inode: number;
  readonly #decoder = new TextDecoder();
  #offset = 0;
  #rest = '';

  constructor(private readonly path: string) {
    this.#fd = openSync(path, 'r');
    this.#inode = fstatSync(this.#fd).ino;
  }

  /** Says whether another file has the log's name now, or the log was emptied. */
  isReplaced(): boolean {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return (
      stats !== undefined &&
      (stats.ino !== this.#inode || stats.size < this.#offset)
    );
  }

  /** The backup lines since the last call; with `isLast` also an unfinished one at the end. */
  *read(isLast: boolean): Generator<string> {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#offset);
      if (count === 0) break;

      this.#offset += count;

      const lines = (
        this.#rest +
        this.#decoder.decode(chunk.subarray(0, count), { stream: true })
      ).split(/\r?\n/);

      this.#rest = lines.pop() ?? '';
      yield* lines.filter(isBackupLine);
    }

    if (isLast && isBackupLine(this.#rest)) yield this.#rest;
    if (isLast) this.#rest = '';
  }

  close(): void {
    closeSync(this.#fd);
  }
}
