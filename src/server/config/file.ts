import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  EngineRunningError,
  errnoOf,
  KmsError,
  LockedError,
} from '../../errors.js';
import type { Clock } from '../../platform/clock.js';
import { acquireLock, type Lock } from '../../platform/lock.js';
import {
  finishInterruptedReplace,
  interruptedContent,
  replaceKeepingCopy,
} from '../../platform/safe-replace.js';
import { readSettingsFile } from '../../platform/settings-file.js';
import { toSystemError } from '../../platform/system-error.js';
import type { ConfigChange } from './change.js';
import { type ConfigDocument, parseConfigDocument } from './document.js';
import { applyChanges } from './edit.js';
import { COPY_SUFFIX, encodeConfigText, readConfigText } from './text.js';
import { restoreFormer } from './undo.js';
import { findRunningEngine } from '../engine.js';
import type { Installation } from '../installation.js';
import { refuseInterruptedRecover } from '../recover-mark.js';
import { settingsOf } from '../settings.js';

export interface EditOptions {
  /** What the lock says this run does: `config set`. */
  readonly command: string;
  readonly clock: Clock;
  /** Although the engine runs. */
  readonly isForced: boolean;
  /** Says what would change and writes nothing. */
  readonly isDryRun?: boolean;
  /** The text that a person saw and agreed to; anything else in the file is an error. */
  readonly expectedText?: string;
  readonly signal?: AbortSignal;
}

/** An edit of mailserver.cfg, as done or, for a dry run, as planned. */
export interface EditReport {
  readonly before: ConfigDocument;
  readonly after: ConfigDocument;
  readonly isChanged: boolean;
  readonly warnings: readonly string[];
}

/** Long enough for another edit to end, short enough for a person. */
const LOCK_WAIT_MS = 3000;

/** Parses the installation's mailserver.cfg. @throws {ConfigurationError} as `parseConfigDocument` */
export function readConfig(installation: Installation): ConfigDocument {
  return parseConfigDocument(readConfigText(installation.configPath));
}

/**
 * Edits mailserver.cfg: `plan` says what to change in what the file says now; nothing to change writes nothing.
 * The previous content stays as `mailserver.cfg.kms-backup.bak`.
 * @throws {ConfigurationError} when the file, or what would become of it, is impossible
 * @throws {EngineRunningError} when the engine runs and the edit is not forced
 * @throws {LockedError} when another run edits, or somebody changed the file meanwhile
 * @throws {FailedError} while a recover replaces the file, or was interrupted
 */
export async function editConfig(
  installation: Installation,
  options: EditOptions,
  plan: (document: ConfigDocument) => readonly ConfigChange[],
): Promise<EditReport> {
  const draft = prepare(installation, plan, options);
  // A file that a kill left torn is completed also by an edit that has nothing to change itself.
  const isWhole = !interruptedContent(installation.configPath, COPY_SUFFIX);
  if ((!draft.isChanged && isWhole) || options.isDryRun) {
    return { ...draft, warnings: [] };
  }

  // Whatever completes or undoes it replaces the file: the edit would be lost.
  refuseInterruptedRecover([
    installation.dir,
    settingsOf(draft.after, installation.dir).storeDir,
  ]);

  const warnings = await refuseRunningEngine(installation, options.isForced);
  const lock = await lockConfig(installation, options);

  try {
    finishInterruptedReplace(installation.configPath, COPY_SUFFIX);

    const final = prepare(installation, plan, options);
    if (final.isChanged) write(installation, final);

    return { ...final, warnings };
  } finally {
    lock.release();
  }
}

function prepare(
  installation: Installation,
  plan: (document: ConfigDocument) => readonly ConfigChange[],
  options: EditOptions,
): Omit<EditReport, 'warnings'> {
  const before = readConfig(installation);
  if (
    options.expectedText !== undefined &&
    options.expectedText !== before.source.text
  ) {
    throw changedMeanwhile(before);
  }

  const edited = applyChanges(before, plan(before));
  if (edited.source.text === before.source.text) {
    return { before, after: before, isChanged: false };
  }

  // What is written must be readable by ourselves: a value that was impossible before stops here too.
  settingsOf(edited, installation.dir);

  const after = restoreFormer(
    before,
    edited,
    realpathSync(installation.configPath) + COPY_SUFFIX,
  );

  return { before, after, isChanged: after.source.text !== before.source.text };
}

function write(
  { configPath }: Installation,
  edit: Omit<EditReport, 'warnings'>,
): void {
  const expected = encodeConfigText(edit.before.source);
  try {
    const change = {
      expected,
      bytes: encodeConfigText(edit.after.source),
      copySuffix: COPY_SUFFIX,
    };

    if (replaceKeepingCopy(configPath, change) === 'changed-meanwhile') {
      throw changedMeanwhile(edit.before);
    }
  } catch (error) {
    if (error instanceof KmsError || errnoOf(error) === undefined) throw error;

    const isUnchanged = readSettingsFile(configPath).equals(expected);
    const state = isUnchanged
      ? 'it is unchanged'
      : `its previous content is in ${configPath}${COPY_SUFFIX}`;

    throw (
      toSystemError(error, { fact: `cannot write ${configPath}; ${state}` }) ??
      error
    );
  }
}

/**
 * Refuses an edit while the engine runs; forced, returns the warning that it will be lost.
 * @throws {EngineRunningError}
 */
export async function refuseRunningEngine(
  installation: Installation,
  isForced: boolean,
): Promise<string[]> {
  const engine = await findRunningEngine(installation);
  if (!engine) return [];

  const fact = `the mail server runs (${engine.name}, pid ${engine.pid})`;
  const why =
    'it keeps its configuration in memory and overwrites mailserver.cfg when it stops';

  if (isForced) {
    return [
      `${fact}: ${why}, so this edit will be lost unless the server is killed or reads it first.`,
    ];
  }

  throw new EngineRunningError(`${fact}: ${why}`, {
    hints: [
      'Stop the mail server first.',
      'Edit nevertheless with --force; the edit is lost when the server stops.',
    ],
  });
}

function lockConfig(
  installation: Installation,
  { command, clock, signal }: EditOptions,
): Promise<Lock> {
  // Beside the target: whoever comes through another link meets the same lock.
  const target = realpathSync(installation.configPath);
  const path = join(dirname(target), `.${basename(target)}.kms-backup.lock`);
  const options = { path, what: target, command, clock, waitMs: LOCK_WAIT_MS };

  return acquireLock(signal ? { ...options, signal } : options);
}

function changedMeanwhile(document: ConfigDocument): LockedError {
  return new LockedError(
    `somebody else changed ${document.source.path} meanwhile; nothing was written`,
    {
      hints: ['Look at the file with config show and try again.'],
    },
  );
}
