import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { readTail } from './read-bytes.js';
import { removeTree } from './remove-tree.js';
import { programEnvironment } from './shell-command.js';

/** A command that starts something, and what became of the command itself. */
export interface StartedCommand {
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  /** Why it has no exit code: the system's words. */
  readonly fault: string | undefined;
  /** The end of what it has written; what it writes later goes nowhere. */
  close(): string;
}

const TAIL_BYTES = 2048;
/** By the shells' custom: a signal ended it. */
const BY_SIGNAL = 128;

/**
 * Runs a command line by the system's shell and does not wait for its end. What it starts lives on when this program is gone,
 * so its output is a file: a pipe would break, and end a server that writes to it.
 */
export function startCommand(command: string, cwd: string): StartedCommand {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-'));
  const output = openSync(join(folder, 'output'), 'w+', 0o600);
  const child = spawn(command, {
    shell: true,
    cwd,
    env: programEnvironment(),
    stdio: ['ignore', output, output],
    windowsHide: true,
    // A session of its own: Ctrl+C on this terminal is not meant for it.
    detached: process.platform !== 'win32',
  });

  const state: { exitCode?: number; fault?: string } = {};
  child.on('error', (error) => {
    state.fault = messageOf(error);
  });
  child.on('exit', (code) => {
    state.exitCode = code ?? BY_SIGNAL;
  });
  child.unref();

  return {
    get exitCode() {
      return state.exitCode;
    },
    get fault() {
      return state.fault;
    },
    close: () => closeOutput(output, folder),
  };
}

function closeOutput(fd: number, folder: string): string {
  const tail = readTail(fd, TAIL_BYTES);
  closeSync(fd);

  try {
    removeTree(folder);
  } catch {
    // On Windows what was started holds it; it is small, and lies where temporary files lie.
  }

  return tail.trim();
}
