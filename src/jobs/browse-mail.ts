/** The lists that a person chooses from: archives, and the messages of a folder. */
import { statSync } from 'node:fs';
import { inspectStorage } from '../archive/inspect.js';
import { archiveName } from '../archive/names.js';
import { storageAt } from '../archive/storages.js';
import type { ArchiveType } from '../archive/names.js';
import { NotFoundError } from '../errors.js';
import { EVERY_MESSAGE } from '../mail/message-query.js';
import { type SearchHit, searchMessages } from '../search/run-search.js';
import {
  isInScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { firstPieces } from './mail-places.js';
import { type MailSource, onlyMessages } from './select-mail.js';

/** An archive that can be recovered, at least in part. */
export interface RecoverPoint {
  /** Its first volume. */
  readonly path: string;
  readonly type: ArchiveType;
  readonly takenAt: Date;
  /** Undefined where its summary does not say. */
  readonly messages: number | undefined;
}

/**
 * The points of a backup directory, newest first; undefined where `from` is no directory, and so the point itself.
 * @throws {NotFoundError} when nothing in the directory can be recovered
 */
export async function findRecoverPoints(
  from: string,
): Promise<RecoverPoint[] | undefined> {
  if (statSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return undefined;
  }

  const storage = storageAt(from);
  const points = (await inspectStorage(storage))
    .filter((state) => state.isRecoverable || state.isPartlyRecoverable)
    .reverse();

  if (points.length === 0) {
    throw new NotFoundError(
      `there is no archive in ${from} that can be recovered`,
    );
  }

  return points.map(({ facts: { files, summary } }) => ({
    path: storage.pathOf(archiveName(files.stem)),
    type: files.type,
    takenAt: files.takenAt,
    messages: summary?.messages,
  }));
}

/** The messages of a folder with their headers, newest first. */
export async function readFolder(
  source: MailSource,
  folder: TypedScope,
): Promise<SearchHit[]> {
  const scope = resolveScope(source.index, folder);
  const { messages } = onlyMessages(
    source,
    (place) => place.isMessage && isInScope(scope, place),
  );

  const { hits } = await searchMessages(
    firstPieces(messages),
    EVERY_MESSAGE,
    {},
  );

  return [...hits].reverse();
}
