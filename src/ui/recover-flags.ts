import { Flags } from '@oclif/core';
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseMask } from '../store/components.js';
import {
  EngineRunningError,
  errnoOf,
  KmsError,
  UsageError,
} from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import type { RecoverRequest } from '../recover/request.js';
import { findRunningEngine } from '../server/engine.js';
import { findInstallation, type Installation } from '../server/installation.js';
import type { TypedScope } from '../store/mail-scope.js';
import { journalPath } from '../server/recover-journal.js';
import type { CommonFlags } from './command.js';
import { openServer } from './context.js';
import { withEnvironment } from './flags.js';

/** kmsrecover's options and ours. */
export const recoverFlags = withEnvironment({
  domain: Flags.string({
    char: 'd',
    helpValue: 'DOMAIN',
    summary: 'Only this domain.',
  }),
  user: Flags.string({
    char: 'u',
    helpValue: 'USER',
    summary: 'Only this user: alice, or alice@example.com.',
  }),
  folder: Flags.string({
    char: 'f',
    helpValue: 'FOLDER',
    summary:
      'Only this folder of the user, with those below it: INBOX, "Gesendete Objekte/Ärzte".',
  }),
  subfolders: Flags.boolean({
    allowNo: true,
    default: true,
    summary: 'With the folders below --folder; on unless --no-subfolders.',
  }),
  message: Flags.string({
    multiple: true,
    helpValue: 'NAME',
    summary:
      'Only this message, as search prints it: example.com/alice/INBOX/0000000a. Repeatable.',
  }),
  additive: Flags.boolean({
    summary: 'Add to the live mailbox under free names; overwrite nothing.',
  }),
  store: Flags.string({
    char: 's',
    helpValue: 'DIR',
    summary: 'Where mail, lists and the like go. Default: the store.',
  }),
  cfgdir: Flags.string({
    char: 'c',
    helpValue: 'DIR',
    summary: 'Where configuration, certificates and licence go.',
  }),
  mask: Flags.string({
    char: 'm',
    helpValue: 'LIST',
    summary: 'Only these parts, for example cfg,mail.',
  }),
  listing: Flags.boolean({
    char: 'l',
    summary: 'List what would be recovered, and recover nothing.',
  }),
  backup: Flags.boolean({
    char: 'b',
    summary: 'Keep the present data as NAME.BAK, also for --rollback.',
  }),
  'keep-old': Flags.boolean({
    summary: 'Keep the present data for --rollback.',
  }),
  'in-place': Flags.boolean({
    summary: 'Remove the present data first: needs less space, has no undo.',
  }),
  rollback: Flags.boolean({
    summary: 'Restore the state before the last recover that kept it.',
  }),
  interactive: Flags.boolean({
    char: 'i',
    summary: 'Choose archive, user, folder and messages from lists.',
  }),
  noprogress: Flags.boolean({ char: 'g', summary: 'Show no progress.' }),
  threads: Flags.integer({
    min: 1,
    max: 64,
    helpValue: 'N',
    summary: 'Worker threads. Default: one a processor core.',
  }),
  'dry-run': Flags.boolean({ summary: 'Show the plan, and change nothing.' }),
  yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }),
  force: Flags.boolean({ summary: 'Although the mail server runs.' }),
});

/** The flags as parsed. */
export interface RecoverFlags extends CommonFlags {
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly folder?: string | undefined;
  readonly subfolders: boolean;
  readonly message?: readonly string[] | undefined;
  readonly additive: boolean;
  readonly store?: string | undefined;
  readonly cfgdir?: string | undefined;
  readonly mask?: string | undefined;
  readonly listing: boolean;
  readonly rollback: boolean;
  readonly backup: boolean;
  readonly 'keep-old': boolean;
  readonly 'in-place': boolean;
  readonly noprogress: boolean;
  readonly threads?: number | undefined;
  readonly force: boolean;
}

/** @throws {UsageError} when flags contradict each other */
function toScope(flags: RecoverFlags): TypedScope | undefined {
  const { domain, user, folder, message } = flags;
  if (folder !== undefined && user === undefined) {
    throw new UsageError(
      '--folder needs --user (and --domain, where several domains have that user)',
    );
  }

  const isScoped =
    [domain, user, folder].some((part) => part !== undefined) ||
    (message?.length ?? 0) > 0;
  if (!isScoped && !flags.additive) return undefined;

  if (flags.mask !== undefined && isScoped) {
    throw new UsageError(
      '--mask names parts of a server, not of the mail: leave it out',
    );
  }

  return {
    domain,
    user,
    folder,
    messages: message?.length ? message : undefined,
    withSubfolders: flags.subfolders,
  };
}

/**
 * The server that a recover works for: the one that a place is missing without, or whose store the flags name by its
 * path, as its engine and its journal count then. A listing needs none.
 */
function serverFor(
  flags: RecoverFlags,
  isOnlyMail: boolean,
): RecoveredServer | undefined {
  const { store, cfgdir } = flags;
  if (flags.listing) return undefined;
  if (store === undefined || (cfgdir === undefined && !isOnlyMail)) {
    return openRecovered(flags);
  }

  try {
    const server = openRecovered(flags);
    return realpathSync(server.storeDir) === realpathSync(store)
      ? server
      : undefined;
  } catch (error) {
    if (error instanceof KmsError || errnoOf(error) === 'ENOENT') {
      return undefined;
    }

    throw error;
  }
}

/** A server that is recovered, as far as its places go. */
interface RecoveredServer {
  readonly installation: Installation;
  readonly storeDir: string;
}

function openRecovered(flags: CommonFlags): RecoveredServer {
  const { installation, settings } = openServer(flags);
  return { installation, storeDir: settings.storeDir };
}

/**
 * The server of a rollback. The mailserver.cfg that is to be undone may say nothing: the install directory leads to the
 * journal, which knows every place. With another place named, the server is only needed where it is found.
 */
function serverToUndo(flags: RecoverFlags): RecoveredServer | undefined {
  try {
    return openRecovered(flags);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    const installation = installationToUndo(flags);
    if (installation) return { installation, storeDir: installation.dir };
    if (flags.store === undefined && flags.cfgdir === undefined) throw error;

    return undefined;
  }
}

/** The install directory, also without a mailserver.cfg where a recover has left its staging directory. */
function installationToUndo({
  'server-dir': given,
}: RecoverFlags): Installation | undefined {
  try {
    return findInstallation({ serverDir: given });
  } catch (error) {
    const dir = resolve(given ?? process.env['KMS_BACKUP_SERVER_DIR'] ?? '.');
    if (!(error instanceof KmsError) || !existsSync(journalPath(dir))) {
      return undefined;
    }

    return {
      dir,
      configPath: join(dir, 'mailserver.cfg'),
      usersConfigPath: join(dir, 'users.cfg'),
    };
  }
}

/** What a recover needs to know, from flags and the server that they name. */
export function toRecoverRequest(
  from: string | undefined,
  flags: RecoverFlags,
  run: {
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
    readonly scope?: TypedScope | undefined;
  },
): RecoverRequest {
  if (flags['in-place'] && (flags['keep-old'] || flags.backup)) {
    throw new UsageError(
      '--in-place keeps nothing of the present data: leave out --keep-old and --backup',
    );
  }

  const scope = run.scope ?? toScope(flags);
  const server = flags.rollback
    ? serverToUndo(flags)
    : serverFor(flags, scope !== undefined);
  const storeDir = resolve(flags.store ?? server?.storeDir ?? '.');

  return {
    from: resolve(from ?? '.'),
    storeDir,
    cfgDir: resolve(flags.cfgdir ?? server?.installation.dir ?? storeDir),
    named: [flags.store, flags.cfgdir]
      .filter((path) => path !== undefined)
      .map((path) => resolve(path)),
    mask: flags.mask === undefined ? undefined : parseMask(flags.mask),
    isAdditive: flags.additive,
    keepsOld: flags['keep-old'],
    keepsBeside: flags.backup,
    isInPlace: flags['in-place'],
    threads: flags.threads,
    clock: systemClock,
    refuseWhileRunning: () => refuseEngine(flags.force ? undefined : server),
    ...run,
    scope,
  };
}

/** @throws {EngineRunningError} */
async function refuseEngine(
  server: RecoveredServer | undefined,
): Promise<void> {
  const engine = server && (await findRunningEngine(server.installation));
  if (!engine) return;

  throw new EngineRunningError(
    `the mail server is running (${engine.name}, pid ${engine.pid})`,
    {
      hints: [
        'Stop it first, for example systemctl stop kerio-connect; it may take five minutes.',
      ],
    },
  );
}
