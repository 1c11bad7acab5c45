/** The lists that a person chooses from: archives, and the messages of a folder. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchiveFacts } from '../archive/archive-facts.js';
import { inspectStorage } from '../archive/inspect.js';
import { archiveName } from '../archive/names.js';
import type { ArchivePlace } from '../archive/storages.js';
import type { ArchiveType } from '../archive/names.js';
import { errnoOf, KmsError, NotFoundError } from '../errors.js';
import { EVERY_MESSAGE } from '../mail/message-query.js';
import { onlyDeleted } from '../search/live-mail.js';
import { type SearchHit, searchMessages } from '../search/run-search.js';
import {
  isInScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { parseStorePath } from '../store/store-path.js';
import { firstPieces } from './mail-places.js';
import { type MailSource, onlyMessages } from './select-mail.js';
import { openServer, type ServerFlags } from './server.js';
import { choose, type SourceFlags, STORE_DIR } from './setting-sources.js';

/** An archive that can be recovered, at least in part. */
export interface RecoverPoint {
  readonly place: ArchivePlace;
  readonly type: ArchiveType;
  readonly takenAt: Date;
  /** The messages that the point holds, a differential's with its full; undefined where its summary does not say. */
  readonly messages: number | undefined;
  /** Those of them that are in a differential itself. */
  readonly changed: number | undefined;
}

/**
 * The points of a storage, newest first; undefined where one archive is meant, and so the point itself.
 * @throws {NotFoundError} when nothing there can be recovered
 */
export async function findRecoverPoints({
  storage,
  fileName,
}: ArchivePlace): Promise<RecoverPoint[] | undefined> {
  if (fileName !== undefined) return undefined;

  const points = (await inspectStorage(storage))
    .filter((state) => state.isRecoverable || state.isPartlyRecoverable)
    .reverse();

  if (points.length === 0) {
    throw new NotFoundError(
      `there is no archive in ${storage.name} that can be recovered`,
    );
  }

  return points.map(({ facts }) => ({
    place: { storage, fileName: archiveName(facts.files.stem) },
    type: facts.files.type,
    takenAt: facts.files.takenAt,
    ...countPoint(facts),
  }));
}

/** A differential's summary counts its own messages, and by mailbox those of its night's store. */
function countPoint({
  files,
  summary,
}: ArchiveFacts): Pick<RecoverPoint, 'messages' | 'changed'> {
  if (files.type !== 'differential') {
    return { messages: summary?.messages, changed: undefined };
  }

  const mailboxes = summary?.mailboxes;

  return {
    messages: mailboxes && sumOf(mailboxes.values()),
    changed: summary?.messages,
  };
}

function sumOf(counts: Iterable<number>): number {
  return [...counts].reduce((sum, count) => sum + count, 0);
}

/** A message to choose. */
export interface BrowsedMessage extends SearchHit {
  /** The decoded name of its folder; empty where it lies in none. */
  readonly folder: string;
  /** It is no longer in the live store; undefined where that was not looked at. */
  readonly isMissing: boolean | undefined;
}

/**
 * The messages of a mailbox or folder with their headers, newest first.
 * @param storeDir the live store that they are compared with, whose mail may move meanwhile; undefined: none
 */
export async function readMessages(
  source: MailSource,
  part: TypedScope,
  storeDir: string | undefined,
): Promise<BrowsedMessage[]> {
  const scope = resolveScope(source.index, part);
  const { messages } = onlyMessages(
    source,
    (place) => place.isMessage && isInScope(scope, place),
  );

  const { hits } = await searchMessages(
    firstPieces(messages),
    EVERY_MESSAGE,
    {},
  );

  const gone =
    storeDir === undefined ? undefined : new Set(onlyDeleted(hits, storeDir));

  return [...hits].sort(byDate).map((hit) => ({
    ...hit,
    folder: parseStorePath(hit.storePath)?.folder ?? '',
    isMissing: gone?.has(hit),
  }));
}

function byDate(a: SearchHit, b: SearchHit): number {
  return (b.date?.getTime() ?? 0) - (a.date?.getTime() ?? 0);
}

/** The flags that say which store is the live one. */
export type LiveFlags = ServerFlags & Pick<SourceFlags, 'store'>;

/** The live store that what is in a backup is compared with; undefined where none can be found, or it holds no mail. */
export function findLiveStore(flags: LiveFlags): string | undefined {
  try {
    const server =
      flags.store === undefined ? openServer(flags).settings : undefined;
    const storeDir = choose(STORE_DIR, { flags, server });
    const mail = statSync(join(storeDir, 'mail'), { throwIfNoEntry: false });

    return mail?.isDirectory() === true ? storeDir : undefined;
  } catch (error) {
    if (error instanceof KmsError || errnoOf(error) !== undefined) {
      return undefined;
    }

    throw error;
  }
}
