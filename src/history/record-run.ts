/** The begun and the ended line of this process's run. A history that cannot be written never makes a run fail. */
import { hostname } from 'node:os';
import { messageOf } from '../errors.js';
import { isAtTerminal } from '../platform/at-terminal.js';
import { systemClock } from '../platform/clock.js';
import { holderToJson, thisHolder } from '../platform/lock/this-holder.js';
import { addNote } from '../platform/run-notes.js';
import { VERSION } from '../platform/tool.js';
import { appendLine, historyPath, rotateHistory } from './history-file.js';
import { lineToJson } from './history-line.js';
import { ProgressFile } from './progress-file.js';
import type { ProgressReport } from '../platform/progress.js';
import { clearNotes, type KnownEnd, notesOfRun } from './run-notes.js';

interface PresentRun {
  readonly installDir: string;
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  readonly progress: ProgressFile;
}

let presentRun: PresentRun | undefined;

/** The run of this process; undefined where it is not written down. */
export function idOfThisRun(): string | undefined {
  return presentRun?.id;
}

/** Writes that a run begins, beside the server's mailserver.cfg. */
export async function beginRun(
  installDir: string,
  command: string,
  startedAt = systemClock(),
): Promise<void> {
  if (presentRun) return;

  clearNotes();

  const holder = thisHolder(installDir, command, startedAt);
  const { id } = holder;
  const progress = new ProgressFile(installDir, id);
  presentRun = { installDir, id, command, startedAt, progress };

  try {
    await rotateHistory(installDir);
  } catch {
    // The file grows until a later run may move it.
  }

  append(presentRun, { event: 'begun', process: holderToJson(holder) });
}

/** Tells others how far this process's run is. */
export function tellRunProgress(report: ProgressReport): void {
  presentRun?.progress.tell(report);
}

/** Writes how this process's run ended, once; nothing where none was begun. */
export function endRun({ exitCode, error }: KnownEnd): void {
  if (!presentRun) return;

  const facts = notesOfRun();
  const endedAt = systemClock();

  append(presentRun, { event: 'ended', endedAt, exitCode, error, facts });
  presentRun.progress.remove();
  presentRun = undefined;
  clearNotes();
}

type Event =
  | { readonly event: 'begun'; readonly process: unknown }
  | ({
      readonly event: 'ended';
      readonly endedAt: Date;
      readonly facts: ReturnType<typeof notesOfRun>;
      readonly error: KnownEnd['error'] | undefined;
    } & Pick<KnownEnd, 'exitCode'>);

function append(
  { installDir, id, command, startedAt }: PresentRun,
  event: Event,
): void {
  const run = { id, command, startedAt };
  const caller = { host: hostname(), isAtTerminal: isAtTerminal() };
  const line = { ...run, ...caller, version: VERSION, ...event };

  try {
    appendLine(installDir, lineToJson(line));
  } catch (error) {
    const path = historyPath(installDir);
    const text = `this run is not written into ${path}: ${messageOf(error)}`;
    addNote({ kind: 'remark', key: 'history', text });
  }
}
