/** Where a recover goes, and which parts of a server it brings there. */
import { join, resolve } from 'node:path';
import { isOnePlace } from '../platform/one-place.js';
import { isCalledKmsrecover } from '../platform/self.js';
import type { RecoverRequest } from '../recover/request.js';
import {
  type Component,
  COMPONENTS,
  isInstalled,
  MAIL_ARCHIVE,
} from '../store/components.js';
import {
  findRecovered,
  type RecoveredServer,
  refuseUnknown,
} from './recovered-server.js';
import type { ServerFlags } from './server.js';

/** The flags that name places. */
export interface PlaceFlags extends ServerFlags {
  readonly store?: string | undefined;
  readonly cfgdir?: string | undefined;
}

type Mask = RecoverRequest['mask'];

/** The places of a request, and the parts that go there. */
export interface RecoverPlaces extends Pick<
  RecoverRequest,
  | 'storeDir'
  | 'archiveDir'
  | 'kept'
  | 'cfgDir'
  | 'named'
  | 'mask'
  | 'lostConfig'
  | 'isCopy'
  | 'notes'
> {
  /** The server whose files are replaced: it must not run meanwhile. */
  readonly server: RecoveredServer | undefined;
}

/**
 * The flags' places, else those of the server. A store that is named and is not the server's brings no configuration over the
 * server's own, unless a mask asks for it. @throws {KmsError} where a place is needed that nothing names
 */
export function choosePlaces(
  flags: PlaceFlags,
  asked: { readonly isOnlyMail: boolean; readonly mask: Mask },
): RecoverPlaces {
  const { store, cfgdir } = flags;
  const server = findRecovered(flags);
  const isCopy = cfgdir !== undefined && !isInstallDirectory(cfgdir, server);
  const isLive = leadsToStoreOf(server, store);
  const { mask, notes } = chooseParts(flags, { ...asked, isLive, server });

  const wanted = wantedParts({ ...asked, mask, isCopy });
  const lostConfig = requirePlaces(flags, wanted, server);
  const isServers = (wanted.store && isLive) || (wanted.installed && !isCopy);
  const replaced = isServers ? server : undefined;
  const isBesideLive = wanted.store && isLive && server?.storeDir !== undefined;

  return {
    ...placesFor(flags, replaced),
    mask,
    notes,
    isCopy: isCopy && !isBesideLive,
    lostConfig,
    server: replaced,
  };
}

/**
 * The places that flags and server name; a new installation's where they do not. The mail archive goes where the server has it,
 * and into a store that is another.
 */
export function placesFor(
  { store, cfgdir }: PlaceFlags,
  server: RecoveredServer | undefined,
): Pick<
  RecoverRequest,
  'storeDir' | 'archiveDir' | 'kept' | 'cfgDir' | 'named'
> {
  const installDir = cfgdir ?? server?.installation.dir;
  const storeDir = resolve(
    store ?? server?.storeDir ?? join(installDir ?? '.', 'store'),
  );
  return {
    storeDir,
    archiveDir: archiveDirFor(store, server) ?? join(storeDir, MAIL_ARCHIVE),
    kept: server ? server.archivePlaces : [],
    cfgDir: resolve(installDir ?? storeDir),
    named: [store, cfgdir]
      .filter((path) => path !== undefined)
      .map((path) => resolve(path)),
  };
}

function archiveDirFor(
  store: string | undefined,
  server: RecoveredServer | undefined,
): string | undefined {
  return leadsToStoreOf(server, store) ? server?.archiveDir : undefined;
}

function isInstallDirectory(
  cfgdir: string,
  server: RecoveredServer | undefined,
): boolean {
  return server !== undefined && isOnePlace(cfgdir, server.installation.dir);
}

/** A store that is not named is the server's, also where nothing says where that is. */
function leadsToStoreOf(
  server: RecoveredServer | undefined,
  store: string | undefined,
): boolean {
  if (store === undefined) return true;

  return server?.storeDir !== undefined && isOnePlace(server.storeDir, store);
}

/** What a recover is to bring, before it is known where it goes. */
interface AskedParts {
  readonly isOnlyMail: boolean;
  readonly mask: Mask;
  /** The store is that of the server, and no other. */
  readonly isLive: boolean;
  readonly server: RecoveredServer | undefined;
}

/** Leaves the configuration out where only the store was sent elsewhere. */
function chooseParts(
  { cfgdir }: PlaceFlags,
  { isOnlyMail, mask, isLive, server }: AskedParts,
): { mask: Mask; notes: string[] } {
  const isDrill =
    !isLive && cfgdir === undefined && !isOnlyMail && mask === undefined;
  if (!isDrill) return { mask, notes: [] };

  if (isCalledKmsrecover()) {
    const place = server?.installation.dir ?? 'the mail server';

    return {
      mask,
      notes: [
        `the configuration of ${place} is replaced although --store names another place, as kmsrecover does: --cfgdir DIR names another place for it too`,
      ],
    };
  }

  return {
    mask: new Set(COMPONENTS.filter((part) => !isInstalled(part))),
    notes: [
      'Configuration is not recovered: --store names another place; add --cfgdir DIR',
    ],
  };
}

/** The areas of a server that parts lie in. */
interface WantedParts {
  readonly store: boolean;
  readonly installed: boolean;
  readonly cfg: boolean;
  /** Where the store is has to be known; a copy of the configuration alone belongs to none. */
  readonly storePlace: boolean;
}

function wantedParts({
  isOnlyMail,
  mask,
  isCopy,
}: Pick<AskedParts, 'isOnlyMail' | 'mask'> & {
  readonly isCopy: boolean;
}): WantedParts {
  const parts: readonly Component[] = isOnlyMail
    ? ['mail']
    : [...(mask ?? COMPONENTS)];

  const store = parts.some((part) => !isInstalled(part));
  const cfg = parts.includes('cfg');

  return {
    store,
    installed: parts.some(isInstalled),
    cfg,
    storePlace: store || (cfg && !isCopy),
  };
}

/**
 * Where mailserver.cfg itself is recovered, a lost one stops nothing.
 * @returns why the store's place is not known, where it has to be guessed
 * @throws {KmsError} where a place is needed that nothing names
 */
function requirePlaces(
  flags: PlaceFlags,
  wanted: WantedParts,
  server: RecoveredServer | undefined,
): string | undefined {
  const { store, cfgdir } = flags;
  if (wanted.installed && cfgdir === undefined && !server) refuseUnknown(flags);

  const isKnown = store !== undefined || server?.storeDir !== undefined;
  if (isKnown || !wanted.storePlace) return undefined;
  if (!wanted.cfg) refuseUnknown(flags);

  return describeUnknown(server);
}

function describeUnknown(server: RecoveredServer | undefined): string {
  return server
    ? `the present ${server.installation.configPath} says nothing of the store (${server.problem ?? ''})`
    : 'no mail server is found here';
}
