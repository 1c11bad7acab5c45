import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError } from '../errors.js';
import type { ConfigChange } from '../server/config-change.js';
import type { ConfigDocument } from '../server/config-document.js';
import { editConfig, type EditOptions, type EditReport } from '../server/config-file.js';
import { findSection, readerOf } from '../server/config-values.js';
import type { Installation } from '../server/installation.js';
import { isBackupLine } from '../server/server-log.js';
import { readSettings } from '../server/settings.js';

/** Switches the debug log's message group Store Backup. @throws as `editConfig` */
export async function switchStoreBackupLog(
  installation: Installation,
  isOn: boolean,
  options: EditOptions,
): Promise<EditReport> {
  return editConfig(installation, options, (document) => planSwitch(document, isOn));
}

function planSwitch(document: ConfigDocument, isOn: boolean): ConfigChange[] {
  const value = isOn ? '1' : '0';
  const items = findSection(document, 'list', 'LogEvents')?.items ?? [];
  const index = items.findIndex((item) => {
    const read = readerOf(document, item);
    return read.text('LogName', '') === 'debug' && read.text('EventName', '') === 'backup';
  });
  if (index !== -1) return [{ kind: 'set-in-item', list: 'LogEvents', index, name: 'Enabled', value }];
  if (!isOn) return [];
  const values = [['LogName', 'debug'] as const, ['EventName', 'backup'] as const, ['Enabled', value] as const];
  return [{ kind: 'add-item', list: 'LogEvents', values }];
}

/** The Store Backup lines of the debug log, oldest first, and whether the group is on. */
export interface BackupLog {
  readonly path: string;
  readonly isEnabled: boolean;
  readonly lines: readonly string[];
  /** Where reading ended, for `followBackupLog`. */
  readonly endOffset: number;
}

const CHUNK_BYTES = 1 << 20;
const POLL_MS = 500;

/** Reads the backup lines of the debug log. @throws {NotFoundError} when there is no such log */
export function readBackupLog(installation: Installation): BackupLog {
  const { debugLogPath, logsStoreBackup } = readSettings(installation);
  if (!existsSync(debugLogPath)) {
    throw new NotFoundError(`there is no debug log ${debugLogPath}`, {
      hints: ['Switch the messages on with log enable store-backup, then back up.'],
    });
  }
  const reader = new LineReader(debugLogPath, 0);
  const lines = [...reader.read(true)].filter(isBackupLine);
  return { path: debugLogPath, isEnabled: logsStoreBackup, lines, endOffset: reader.offset };
}

/** Hands over each backup line that is appended, until `signal` aborts; a rotated log is read from its beginning. */
export async function followBackupLog(
  log: BackupLog,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let reader = new LineReader(log.path, log.endOffset);
  let inode = statSync(log.path).ino;
  while (!signal.aborted) {
    const stats = statSync(log.path, { throwIfNoEntry: false });
    if (stats && (stats.ino !== inode || stats.size < reader.offset)) {
      inode = stats.ino;
      reader = new LineReader(log.path, 0);
    }
    if (stats) for (const line of reader.read(false)) if (isBackupLine(line)) onLine(line);
    await sleep(POLL_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** Reads a growing file line by line in bounded memory. */
class LineReader {
  #rest = '';

  constructor(
    private readonly path: string,
    public offset: number,
  ) {}

  /** The whole lines that are new; with `isLast` also an unfinished one at the end. */
  *read(isLast: boolean): Generator<string> {
    const fd = openSync(this.path, 'r');
    try {
      const { size } = fstatSync(fd);
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, size - this.offset)));
      const decoder = new TextDecoder();
      while (this.offset < size) {
        const count = readSync(fd, chunk, 0, chunk.length, this.offset);
        if (count === 0) break;
        this.offset += count;
        const lines = (this.#rest + decoder.decode(chunk.subarray(0, count), { stream: true })).split(/\r?\n/);
        this.#rest = lines.pop() ?? '';
        yield* lines;
      }
    } finally {
      closeSync(fd);
    }
    if (isLast && this.#rest !== '') {
      yield this.#rest;
      this.#rest = '';
    }
  }
}
