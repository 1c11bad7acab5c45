/** The request of a recover, of a command's flags and the server that they name. */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  EngineRunningError,
  errnoOf,
  KmsError,
  messageOf,
  UsageError,
} from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { RecoverRequest } from '../recover/request.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { type Component, isInstalled } from '../store/components.js';
import { hasJournal } from '../server/recover-journal.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { RunControl } from './backup-request.js';
import { findServer, openServer, type ServerFlags } from './server.js';
import { choose, MASK, type SourceFlags } from './setting-sources.js';

/** The flags as parsed. */
export interface RecoverFlags extends ServerFlags, SourceFlags {
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly folder?: string | undefined;
  readonly subfolders: boolean;
  readonly message?: readonly string[] | undefined;
  readonly additive: boolean;
  readonly cfgdir?: string | undefined;
  readonly listing: boolean;
  readonly rollback: boolean;
  readonly forget: boolean;
  readonly backup: boolean;
  readonly 'keep-old'?: boolean | undefined;
  readonly 'in-place': boolean;
  readonly force: boolean;
}

/**
 * The request of a recover. Its places are the flags', else the server's.
 * @param chosen a part of the mail that was chosen from lists; undefined: what the flags name
 * @throws {UsageError} when flags contradict each other · {NotFoundError} without a server where one is needed
 */
export function toRecoverRequest(
  from: string | undefined,
  flags: RecoverFlags,
  control: RunControl,
  chosen?: TypedScope,
): RecoverRequest {
  refuseContradiction(flags);

  const scope = chosen ?? toScope(flags);
  const mask = choose(MASK, { flags });
  const server =
    flags.rollback || flags.forget
      ? serverToUndo(flags)
      : serverFor(flags, { isOnlyMail: scope !== undefined, mask });

  return {
    from: resolve(from ?? '.'),
    ...placesOf(flags, server),
    mask,
    scope,
    isAdditive: flags.additive,
    keeping: keepingOf(flags),
    keepsBeside: flags.backup,
    isInPlace: flags['in-place'],
    threads: flags.threads,
    clock: systemClock,
    notes: server?.note === undefined ? [] : [server.note],
    refuseWhileRunning: () => refuseEngine(flags.force ? undefined : server),
    ...control,
  };
}

/** The directories that are recovered into, and those of them that a flag names. */
function placesOf(
  { store, cfgdir }: RecoverFlags,
  server: ReturnType<typeof serverFor>,
): Pick<RecoverRequest, 'storeDir' | 'cfgDir' | 'named'> {
  const storeDir = resolve(store ?? server?.storeDir ?? '.');

  return {
    storeDir,
    cfgDir: resolve(cfgdir ?? server?.installation.dir ?? storeDir),
    named: [store, cfgdir]
      .filter((path) => path !== undefined)
      .map((path) => resolve(path)),
  };
}

/** What is replaced is kept where the space is there, unless a flag says otherwise. */
function keepingOf(flags: RecoverFlags): RecoverRequest['keeping'] {
  if (flags['in-place']) return 'never';
  if (flags.backup) return 'always';

  switch (flags['keep-old']) {
    case true:
      return 'always';
    case false:
      return 'never';
    default:
      return 'with-room';
  }
}

function refuseContradiction(flags: RecoverFlags): void {
  if (!flags['in-place']) return;
  if (flags['keep-old'] !== true && !flags.backup) return;

  throw new UsageError(
    '--in-place keeps nothing of the present data: leave out --keep-old and --backup',
  );
}

/** The part of the mail that flags name; undefined: all that is in the archive. @throws {UsageError} when they contradict each other */
export function toScope(flags: RecoverFlags): TypedScope | undefined {
  const { domain, user, folder, message } = flags;
  if (folder !== undefined && user === undefined) {
    throw new UsageError(
      '--folder needs --user (and --domain, where several domains have that user)',
    );
  }

  const messages = message?.length ? message : undefined;
  const isScoped = [domain, user, folder, messages].some(
    (part) => part !== undefined,
  );
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
    messages,
    withSubfolders: flags.subfolders,
  };
}

/**
 * The server that a recover works for: the one that a place is missing without, or whose store the flags name by its
 * path, as its engine and its journal count then. A listing needs none.
 */
function serverFor(
  flags: RecoverFlags,
  { isOnlyMail, mask }: WantedParts,
): RecoveredServer | undefined {
  const { store, cfgdir } = flags;
  if (flags.listing) return undefined;
  if (store === undefined || (cfgdir === undefined && !isOnlyMail)) {
    return isOnlyInstalled(mask)
      ? openDespiteConfig(flags)
      : openRecovered(flags);
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

/** The parts of a server that a recover brings. */
interface WantedParts {
  readonly isOnlyMail: boolean;
  /** Undefined: every component. */
  readonly mask: ReadonlySet<Component> | undefined;
}

/** Says whether nothing of the store is wanted. */
function isOnlyInstalled(mask: WantedParts['mask']): boolean {
  return mask !== undefined && [...mask].every(isInstalled);
}

/** A server that is recovered, as far as its places go. */
interface RecoveredServer {
  readonly installation: Installation;
  readonly storeDir: string;
  /** For the report: why the store's place is not known. */
  readonly note?: string;
}

/** The configuration is recovered just where the present one is wrong: its store is not needed for that. */
function openDespiteConfig(flags: ServerFlags): RecoveredServer {
  const installation = findServer(flags);

  try {
    const { storeDir } = readSettings(installation);

    return { installation, storeDir };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return {
      installation,
      storeDir: installation.dir,
      note: `the present ${installation.configPath} says nothing of the store, which stays as it is: ${messageOf(error)}`,
    };
  }
}

function openRecovered(flags: ServerFlags): RecoveredServer {
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
function installationToUndo(flags: RecoverFlags): Installation | undefined {
  try {
    return findServer(flags);
  } catch (error) {
    const dir = resolve(
      flags['server-dir'] ?? process.env['KMS_BACKUP_SERVER_DIR'] ?? '.',
    );
    if (!(error instanceof KmsError) || !hasJournal(dir)) {
      return undefined;
    }

    return {
      dir,
      configPath: join(dir, 'mailserver.cfg'),
      usersConfigPath: join(dir, 'users.cfg'),
    };
  }
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
