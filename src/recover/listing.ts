import { archiveName } from '../archive/names.js';
import { DamagedArchiveError, messageOf } from '../errors.js';
import { type Chain, describePassed, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { findScope, refuseMissingMessages } from './find-scope.js';
import { indexEntries, indexMail } from './index-mail.js';
import { withNarrowChain } from './narrow-chain.js';
import { findIn, judgeRecorded } from './judge-damage.js';
import { isFolderInScope, type MailScope } from '../store/mail-scope.js';
import type { MailIndex } from '../store/mailboxes.js';
import { type ChainEntries, selectFrom } from './select-entries.js';
import { filterFor, isPartial, wantOf } from './want.js';
import type { RecoverRequest } from './request.js';

/** The content of an archive, with the full below it. */
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
  /** Damage, and newer archives that were passed over. */
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

function listFrom(
  request: RecoverRequest,
  chain: Chain,
  judge: typeof judgeRecorded,
): Promise<RecoverListing> {
  return withNarrowChain(chain, request.scope, {
    narrow: (index) => listIndex(request, chain, { index, judge }),
    whole: async () =>
      listIndex(request, chain, { index: await readChainIndex(chain), judge }),
  });
}

/** What a chain holds, and who says which damage is in the way. */
interface Judged {
  readonly index: ChainIndex;
  readonly judge: typeof judgeRecorded;
}

function listIndex(
  request: RecoverRequest,
  chain: Chain,
  { index, judge }: Judged,
): RecoverListing {
  const scope = request.scope && findScope(index, request.scope);
  const filter = filterFor(request, scope);
  const entries = selectFrom(index, filter, isPartial(request));

  if (scope) {
    findIn(index, () => {
      refuseMissingMessages(index, scope, entries.selections);
    });
  }

  const notes = judge(index, entries.selections, wantOf(request, scope));
  const wantsMail = request.mask?.has('mail') ?? true;
  const mail = scope?.messages ? indexEntries(entries) : indexMail(index);
  const folders = wantsMail ? toFolderLines(mail) : [];

  return {
    schema: 'kms-backup/listing/1',
    archives: chain.archives.map(({ stem }) => archiveName(stem)),
    takenAt: chain.point.facts.files.takenAt,
    folders: folders.filter((line) => !scope || isLineInScope(scope, line)),
    parts: scope ? [] : countParts(entries),
    messages: entries.messages,
    files: entries.files,
    bytes: entries.bytes,
    warnings: [...describePassed(chain), ...notes, ...entries.warnings],
  };
}

function toFolderLines({ mailboxes }: MailIndex): FolderLine[] {
  return [...mailboxes.values()].flatMap(({ domain, user, folders }) =>
    [...folders].map(([folder, counts]) => ({
      domain: domain ?? null,
      user,
      folder,
      ...counts,
    })),
  );
}

function isLineInScope(
  scope: MailScope,
  { domain, user, folder }: FolderLine,
): boolean {
  return (
    (scope.domain === undefined || scope.domain === domain) &&
    (scope.user === undefined || scope.user === user) &&
    isFolderInScope(scope, folder)
  );
}

/** A name that both the store and the install directory have is one line. */
function countParts({ tops }: ChainEntries): RecoverListing['parts'] {
  const counts = new Map<string, number>();

  for (const { name, component, files } of tops) {
    if (component === 'mail') continue;

    counts.set(name, (counts.get(name) ?? 0) + files);
  }

  return [...counts].map(([name, files]) => ({ name, files }));
}
