import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EngineRunningError, errnoOf, KmsError } from '../../errors.js';
import {
  acquireLock,
  type Lock,
  type LockOptions,
  refuseWhileHeld,
} from '../../platform/lock.js';
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
import { refuseWhileRestarted } from '../restart-mark.js';
import { settingsOf } from '../settings.js';
import {
  ChangedMeanwhileError,
  type EditOptions,
  type EditReport,
  type SeenSettings,
  type SettingsSource,
} from '../settings-source.js';

/** Long enough for another edit to end, short enough for a person. */
const LOCK_WAIT_MS = 3000;

/**
 * mailserver.cfg of an installation. An edit keeps the previous content as `mailserver.cfg.kms-backup.bak`.
 * Further errors of `apply`: {LockedError} when another run edits · {FailedError} while a recover replaces the file, or was
 * interrupted · {EngineRunningError}.
 */
export function mailserverConfig(installation: Installation): SettingsSource {
  return {
    read: () => readConfig(installation),
    refuseWhileRunning: (isForced) =>
      refuseRunningEngine(installation, isForced),
    refuseWhileBusy: () => {
      refuseBusy(installation, readConfig(installation));
    },
    apply: (changes, seen, options) =>
      applyToFile(installation, { changes, seen }, options),
  };
}

/** Changes, and what they were planned for. */
interface PlannedEdit {
  readonly changes: readonly ConfigChange[];
  readonly seen: SeenSettings;
}

type Draft = Omit<EditReport, 'warnings'>;

async function applyToFile(
  installation: Installation,
  edit: PlannedEdit,
  options: EditOptions,
): Promise<EditReport> {
  const draft = prepare(installation, edit);
  // A file that a kill left torn is completed also by an edit that has nothing to change itself.
  const isWhole = !interruptedContent(installation.configPath, COPY_SUFFIX);
  if ((!draft.isChanged && isWhole) || options.isDryRun) {
    return { ...draft, warnings: [] };
  }

  refuseInterrupted(installation, draft.after);

  const warnings = await refuseRunningEngine(installation, options.isForced);
  const lock = await lockConfig(installation, options);

  try {
    finishInterruptedReplace(installation.configPath, COPY_SUFFIX);

    const final = prepare(installation, edit);
    if (final.isChanged) write(installation, final);

    return { ...final, warnings };
  } finally {
    lock.release();
  }
}

/** Whatever completes or undoes it replaces the file: the edit would be lost. @throws {FailedError} */
function refuseInterrupted({ dir }: Installation, present: SeenSettings): void {
  refuseInterruptedRecover([dir, present.settings().storeDir]);
}

function refuseBusy(installation: Installation, present: SeenSettings): void {
  const { path, what } = lockOf(installation);

  refuseInterrupted(installation, present);
  refuseWhileHeld(path, what);
}

/** The edit of the file as it is now. @throws {ChangedMeanwhileError} when it is not what was seen */
function prepare(
  installation: Installation,
  { changes, seen }: PlannedEdit,
): Draft {
  const before = readConfig(installation);
  const present = before.document;
  if (present.source.text !== seen.document.source.text) {
    throw changedMeanwhile(present);
  }

  const edited = applyChanges(present, changes);
  if (edited.source.text === present.source.text) {
    return { before, after: before, isChanged: false };
  }

  // This program must be able to read its own result: a value that was impossible before stops the edit too.
  settingsOf(edited, installation.dir);

  const written = restoreFormer(
    present,
    edited,
    realpathSync(installation.configPath) + COPY_SUFFIX,
  );

  return {
    before,
    after: toSeen(written, installation),
    isChanged: written.source.text !== present.source.text,
  };
}

/** @throws {ConfigurationError} as `parseConfigDocument` */
function readConfig(installation: Installation): SeenSettings {
  return toSeen(
    parseConfigDocument(readConfigText(installation.configPath)),
    installation,
  );
}

function toSeen(document: ConfigDocument, { dir }: Installation): SeenSettings {
  return { document, settings: () => settingsOf(document, dir) };
}

function write({ configPath }: Installation, { before, after }: Draft): void {
  const expected = encodeConfigText(before.document.source);
  try {
    const change = {
      expected,
      bytes: encodeConfigText(after.document.source),
      copySuffix: COPY_SUFFIX,
    };

    if (replaceKeepingCopy(configPath, change) === 'changed-meanwhile') {
      throw changedMeanwhile(before.document);
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

/** The server overwrites the file when it stops. */
async function refuseRunningEngine(
  installation: Installation,
  isForced: boolean,
): Promise<string[]> {
  refuseWhileRestarted(installation);

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
      'Stop the mail server first, or let --restart-server stop and start it.',
      'Edit nevertheless with --force; the edit is lost when the server stops.',
    ],
  });
}

function lockConfig(
  installation: Installation,
  { command, clock, signal }: EditOptions,
): Promise<Lock> {
  const waitMs = LOCK_WAIT_MS;
  const options = { ...lockOf(installation), command, clock, waitMs };

  return acquireLock(signal ? { ...options, signal } : options);
}

/** Beside the target: whoever comes through another link meets the same lock. */
function lockOf({
  configPath,
}: Installation): Pick<LockOptions, 'path' | 'what'> {
  const target = realpathSync(configPath);
  const name = `.${basename(target)}.kms-backup.lock`;

  return { path: join(dirname(target), name), what: target };
}

function changedMeanwhile(document: ConfigDocument): ChangedMeanwhileError {
  return new ChangedMeanwhileError(
    `somebody else changed ${document.source.path} meanwhile; nothing was written`,
    {
      hints: ['Look at the file with config show and try again.'],
    },
  );
}
