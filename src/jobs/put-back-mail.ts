/** Mail of an archive, put back into an account of a server that runs. */
import { archiveName } from '../archive/names.js';
import type { ArchivePlace } from '../archive/storages.js';
import { NotFoundError, UsageError } from '../errors.js';
import { readMessages } from '../export/read-messages.js';
import { noteRun } from '../history/run-notes.js';
import type { ImapAccount } from '../imap/account.js';
import { openSession, type ImapSession } from '../imap/session.js';
import { formatDay } from '../platform/dates.js';
import { putBack } from '../put-back/put-back.js';
import type {
  MessageToPut,
  PutReport,
  PutRequest,
  PutTarget,
} from '../put-back/request.js';
import { joinNames, mailboxNameOf } from '../store/mail-names.js';
import { messageStem, numberOfMessage } from '../store/message-file.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { RunControl } from './backup-request.js';
import {
  type AccountContext,
  type ImapFlags,
  toImapAccount,
} from './imap-account.js';
import { holdAccount } from './hold-account.js';
import { forEachPlace, isLater } from './mail-places.js';
import { noteSource } from './note-acts.js';
import { type RecoverFlags, toScope } from './recover-request.js';
import { type MailSource, openMail, salvageMail } from './select-mail.js';

/** The flags of `recover --imap` as parsed. */
export interface PutBackFlags extends RecoverFlags, ImapFlags {
  readonly into?: string | undefined;
  readonly 'dry-run': boolean;
}

/** What is to be put back, and the open way to its account. */
export interface PlannedPutBack {
  readonly source: MailSource;
  readonly account: ImapAccount;
  readonly session: ImapSession;
  /** Lets others into the account. */
  readonly release: () => void;
  /** `example.com/alice` */
  readonly mailbox: string;
  /** How many messages each folder brings. */
  readonly folders: ReadonlyMap<string, number>;
  readonly target: PutTarget;
}

/** The pauses before a connection is made anew: a minute in all. */
const PAUSES_MS = [500, 1_000, 3_000, 8_000, 15_000, 30_000];

/** Flags that are about files of the server: nothing of it is touched here. */
const FOR_FILES = [
  'additive',
  'reindex',
  'store',
  'cfgdir',
  'keep-paths',
  'mask',
  'listing',
  'backup',
  'keep-old',
  'in-place',
  'rollback',
  'forget',
  'force',
] as const satisfies readonly (keyof PutBackFlags)[];

/**
 * Finds the mail, and logs in at the account that it goes to, which no other run puts mail into until `release`.
 * @param chosen a part of the mail that was chosen from lists; undefined: what the flags name
 * @throws {UsageError} where flags contradict each other, or several mailboxes are meant · as `openMail` and `openSession`
 */
export async function planPutBack(
  from: ArchivePlace,
  chosen: TypedScope | undefined,
  flags: PutBackFlags & { readonly imap: string },
  context: AccountContext & RunControl,
): Promise<PlannedPutBack> {
  refuseForFiles(flags);

  const scope = chosen ?? toScope(flags) ?? { withSubfolders: true };
  const source = flags.salvage
    ? await salvageMail(from, scope, context)
    : await openMail(from, scope, 'export');
  const { stem } = source.chain.point.facts.files;
  noteSource(from, [archiveName(stem)], 'imap');

  const { mailbox, folders } = contentOf(source);
  const target = targetOf(source, folders, flags.into);
  const account = await toImapAccount(mailbox, flags, context);
  const held = flags['dry-run'] ? undefined : await holdAccount(account.user);
  const release = (): void => held?.release();

  try {
    const session = await openSession(account, context.signal);

    return { source, account, session, release, mailbox, folders, target };
  } catch (error) {
    release();
    throw error;
  }
}

/** Puts it there. @throws as `putBack` */
export async function putBackMail(
  planned: PlannedPutBack,
  isDryRun: boolean | undefined,
  { signal, onProgress }: RunControl,
): Promise<PutReport> {
  const { source, account, folders, target } = planned;

  const request: PutRequest = {
    messages: messagesOf(source),
    folders,
    account,
    target,
    // A flag that was not given is nothing at all.
    isDryRun: isDryRun ?? false,
    pausesMs: PAUSES_MS,
    signal,
    onProgress,
    openSession,
  };

  try {
    const report = await putBack(request, planned.session);

    noteRun({
      messages: report.added,
      bytes: report.addedBytes,
      leftOut: report.refused.length,
    });

    return report;
  } finally {
    planned.release();
  }
}

async function* messagesOf(source: MailSource): AsyncGenerator<MessageToPut> {
  const found = readMessages(source.messages, source.indexes);

  for await (const message of found) {
    const { mailbox, folder, name, bytes, modifiedAt, flags } = message;

    yield {
      folder,
      name: joinNames(mailbox, folder, nameOfFile(name)),
      bytes,
      receivedAt: modifiedAt,
      flags,
    };
  }
}

/** As search prints it. */
function nameOfFile(name: string): string {
  return numberOfMessage(name) === undefined ? name : messageStem(name);
}

/** @throws {UsageError} */
function refuseForFiles(flags: PutBackFlags): void {
  for (const name of FOR_FILES) {
    const value = flags[name];
    if (value === undefined || value === false) continue;

    throw new UsageError(
      `--${name} is about the files of a server, and --imap speaks to one that runs: leave out one of them`,
    );
  }
}

/** The one mailbox that is meant, and its folders in the order of the archive. @throws {NotFoundError} · {UsageError} */
function contentOf({
  messages,
}: MailSource): Pick<PlannedPutBack, 'mailbox' | 'folders'> {
  const mailboxes = new Set<string>();
  const folders = new Map<string, number>();

  forEachPlace(messages, (place, table, at) => {
    if (isLater(table, at)) return;

    mailboxes.add(mailboxNameOf(place));
    folders.set(place.folder, (folders.get(place.folder) ?? 0) + 1);
  });

  const [mailbox, ...others] = mailboxes;

  if (mailbox === undefined) {
    throw new NotFoundError('no message matches', {
      hints: ['Try it with search.'],
    });
  }

  if (others.length === 0) return { mailbox, folders };

  throw new UsageError(
    `the messages of ${String(mailboxes.size)} mailboxes go to no one account`,
    { hints: ['Name one with --user, and call it once for each.'] },
  );
}

/** Mail of one folder goes into the folder that is named; that of several below it. */
function targetOf(
  { scope, chain }: MailSource,
  folders: ReadonlyMap<string, number>,
  into: string | undefined,
): PutTarget {
  if (into === undefined) {
    const { takenAt } = chain.point.facts.files;

    return { into: `Recovered ${formatDay(takenAt)}`, standsFor: undefined };
  }

  if (into.split('/').every((step) => step === '')) {
    throw new UsageError('--into names no folder');
  }

  const [only, ...others] = folders.keys();
  const single = others.length === 0 ? only : undefined;

  return { into, standsFor: scope.folder ?? single };
}
