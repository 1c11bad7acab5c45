/** The request of a recover, of a command's flags and the server that they name. */
import { type ArchivePlace, locateArchives } from '../archive/storages.js';
import { EngineRunningError, UsageError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { RecoverRequest } from '../recover/request.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { refuseWhileRestarted } from '../server/restart-mark.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { RunControl } from './backup-request.js';
import {
  choosePlaces,
  type PlaceFlags,
  placesFor,
  type RecoverPlaces,
} from './recover-places.js';
import {
  findRecovered,
  type RecoveredServer,
  refuseUnknown,
} from './recovered-server.js';
import { choose, MASK, type SourceFlags } from './setting-sources.js';

/** The flags as parsed. */
export interface RecoverFlags extends PlaceFlags, SourceFlags {
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly folder?: string | undefined;
  readonly subfolders: boolean;
  readonly message?: readonly string[] | undefined;
  readonly additive: boolean;
  readonly reindex: boolean;
  readonly listing: boolean;
  readonly rollback: boolean;
  readonly forget: boolean;
  readonly backup: boolean;
  readonly 'keep-old'?: boolean | undefined;
  readonly 'in-place': boolean;
  readonly 'keep-paths': boolean;
  readonly salvage: boolean;
  readonly force: boolean;
  /** The messages that are lost are named. */
  readonly verbose: boolean;
}

/**
 * The request of a recover. Its places are the flags', else the server's.
 * @param chosen a part of the mail that was chosen from lists; undefined: what the flags name
 * @throws {UsageError} when flags contradict each other · {NotFoundError} without a server where one is needed
 */
export function toRecoverRequest(
  from: ArchivePlace | undefined,
  flags: RecoverFlags,
  control: RunControl,
  chosen?: TypedScope,
): RecoverRequest {
  refuseContradiction(flags);

  const scope = chosen ?? toScope(flags);
  const { server, ...places } = placesOf(flags, scope);

  return {
    from: from ?? locateArchives('.'),
    ...places,
    scope,
    keepsPaths: flags['keep-paths'],
    isAdditive: flags.additive,
    reindexes: flags.reindex,
    keeping: keepingOf(flags),
    keepsBeside: flags.backup,
    isInPlace: flags['in-place'],
    isSalvage: flags.salvage,
    namesLosses: flags.verbose,
    threads: flags.threads,
    clock: systemClock,
    refuseWhileRunning: () => refuseEngine(server, flags.force),
    ...control,
  };
}

/** The server whose files a recover replaces, and which must not run meanwhile; undefined where it is none of this machine's. */
export function replacedServer(
  flags: RecoverFlags,
  scope: TypedScope | undefined,
): Installation | undefined {
  return placesOf(flags, scope ?? toScope(flags)).server?.installation;
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
  if (flags.salvage) {
    throw new UsageError(
      '--salvage keeps what it cannot bring, and --in-place removes it first: leave out one of them',
    );
  }

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

/** The places of a recover; a listing needs none, and a rollback those where something can be undone. */
function placesOf(
  flags: RecoverFlags,
  scope: TypedScope | undefined,
): RecoverPlaces {
  const mask = choose(MASK, { flags });
  const isUndo = flags.rollback || flags.forget;
  if (!flags.listing && !isUndo) {
    return choosePlaces(flags, { isOnlyMail: scope !== undefined, mask });
  }

  const server = isUndo ? serverToUndo(flags) : undefined;

  return {
    ...placesFor(flags, server),
    mask,
    server,
    notes: [],
    isCopy: false,
    lostConfig: undefined,
  };
}

/**
 * The server of a rollback. The mailserver.cfg that is to be undone may say nothing: the install directory leads to the
 * journal, which knows every place. With another place named, the server is only needed where it is found.
 */
function serverToUndo(flags: RecoverFlags): RecoveredServer | undefined {
  const server = findRecovered(flags);
  if (!server && flags.store === undefined && flags.cfgdir === undefined) {
    refuseUnknown(flags);
  }

  return server;
}

/**
 * A server that is being restarted is no server that somebody knows to run: it starts in the midst of whatever is done to it.
 * @throws {EngineRunningError} unless it is forced · {LockedError}
 */
async function refuseEngine(
  server: RecoveredServer | undefined,
  isForced: boolean,
): Promise<void> {
  if (!server) return;

  refuseWhileRestarted(server.installation);
  if (isForced) return;

  const engine = await findRunningEngine(server.installation);
  if (!engine) return;

  throw new EngineRunningError(
    `the mail server is running (${engine.name}, pid ${engine.pid})`,
    {
      hints: [
        'Stop it first, for example systemctl stop kerio-connect; it may take five minutes.',
        'Or let --restart-server stop it, and start it again.',
      ],
    },
  );
}
