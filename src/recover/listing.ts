import { archiveName } from '../archive/names.js';
import { placeOf } from '../store/entry-place.js';
import { DamagedArchiveError, messageOf } from '../errors.js';
import { type Chain, describePassed, readPoint } from './chain.js';
import { type ChainEntries, openChain, selectFrom } from './entries.js';
import { findIn, judgeRecorded } from './judge-damage.js';
import { filterFor, findScope, isPartial, wantOf } from './plan-recover.js';
import type { RecoverRequest } from './request.js';
import { indexEntries, indexMail, refuseMissingMessages } from './scope.js';

/** What most names of an archive begin with. */
const MAIL = '@backup/store/mail/';

/** What an archive, with the full below it, holds. */
export interface RecoverListing {
  readonly schema: 'kms-backup/listing/1';
  readonly archives: readonly string[];
  readonly takenAt: Date;
  readonly folders: readonly FolderLine[];
  /** The parts that are no mail: `mailserver.cfg`, `sslcert`, `lists`. */
  readonly parts: readonly { readonly name: string; readonly files: number }[];
  readonly messages: number;
  readonly files: number;
  readonly bytes: number;
  /** What is damaged, and newer archives that were passed over. */
  readonly warnings: readonly string[];
}

interface FolderLine {
  /** Null for the public folders of the whole server. */
  readonly domain: string | null;
  readonly user: string;
  readonly folder: string;
  readonly messages: number;
  readonly sizeBytes: number;
}

/**
 * Lists what a recover would bring, and reads no data. Where damage would keep it from that, what there is is listed with a
 * note: who has to choose what to recover must see it.
 * @throws {NotFoundError} when it holds nothing of what was asked for
 */
export async function listRecover(
  request: RecoverRequest,
): Promise<RecoverListing> {
  try {
    return await readPoint(request.from, (chain) =>
      listFrom(request, chain, judgeRecorded),
    );
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error;

    return readPoint(request.from, (chain) =>
      listFrom(request, chain, () => [`not all of this: ${messageOf(error)}`]),
    );
  }
}

async function listFrom(
  request: RecoverRequest,
  chain: Chain,
  judge: typeof judgeRecorded,
): Promise<RecoverListing> {
  const opened = await openChain(chain);
  const index = indexMail(opened);
  const scope = request.scope && findScope(opened, request.scope);

  const entries = selectFrom(
    opened,
    filterFor(request, scope),
    isPartial(request),
  );

  if (scope) {
    findIn(opened, () => {
      refuseMissingMessages(opened, scope, entries);
    });
  }

  const notes = judge(opened, entries.selections, wantOf(request, scope));
  const wantsMail = request.mask?.has('mail') ?? true;
  const shown = scope?.messages ? indexEntries(entries) : index;

  const folders = (wantsMail ? [...shown.mailboxes.values()] : []).flatMap(
    ({ domain, user, folders: own }) =>
      [...own].map(([folder, counts]): FolderLine => ({
        domain: domain ?? null,
        user,
        folder,
        ...counts,
      })),
  );

  const isWanted = ({ domain, user, folder }: FolderLine): boolean =>
    !scope ||
    ((scope.domain === undefined || scope.domain === domain) &&
      (scope.user === undefined || scope.user === user) &&
      (scope.folder === undefined ||
        scope.folder === folder ||
        (scope.withSubfolders && folder.startsWith(`${scope.folder}/`))));

  return {
    schema: 'kms-backup/listing/1',
    archives: chain.archives.map(({ stem }) => archiveName(stem)),
    takenAt: chain.point.facts.files.takenAt,
    folders: folders.filter(isWanted),
    parts: scope ? [] : countParts(entries),
    messages: entries.messages,
    files: entries.files,
    bytes: entries.bytes,
    warnings: [...describePassed(chain), ...notes, ...entries.warnings],
  };
}

function countParts(entries: ChainEntries): RecoverListing['parts'] {
  const names = entries.tops.filter(({ component }) => component !== 'mail');
  const counts = new Map(names.map(({ name }) => [name, 0]));

  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      const start = table.nameStart(index);
      // Mail is most of an archive, and is not counted here.
      const isMail =
        table.names.toString('latin1', start, start + MAIL.length) === MAIL;
      if (isMail || table.isDirectory(index)) continue;

      const top = placeOf(table.name(index))?.path.split('/', 1)[0] ?? '';
      const count = counts.get(top);

      if (count !== undefined) counts.set(top, count + 1);
    }
  }

  return [...counts].map(([name, files]) => ({ name, files }));
}
