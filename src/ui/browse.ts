import type { ArchivePlace } from '../archive/storages.js';
import {
  findLiveStore,
  findRecoverPoints,
  type LiveFlags,
} from '../jobs/browse-mail.js';
import { type MailSource, openMail } from '../jobs/select-mail.js';
import { plainText } from '../platform/plain-text.js';
import { folderLabel } from '../store/mail-names.js';
import type { TypedScope } from '../store/mail-scope.js';
import {
  formatFolder,
  formatMailboxes,
  formatMessages,
  formatMissing,
  formatPoint,
} from './browse-lines.js';
import type { Choice } from './list-state.js';
import { mailboxOf, type Owner, Shelf } from './mail-shelf.js';
import type { Prompts } from './prompts.js';

/** What a person is led through, and what the command line names of it already. */
export interface BrowseRequest {
  readonly from: ArchivePlace;
  readonly given: TypedScope;
  /** The live store, in which what it lacks is marked. */
  readonly live: LiveFlags;
}

/** The choice: an archive and a part of its mail. */
export interface BrowseChoice {
  readonly from: ArchivePlace;
  readonly scope: TypedScope;
}

const ALL = '(all)';
const BACK = { name: 'Back', value: '(back)' };

/**
 * Walks a person from archive to domain, user, folder and messages, past what is given, with a way back from each level that
 * was chosen and a way to take all. Reads headers only of the mailbox that is looked at.
 * @throws {NotFoundError} when there is nothing to choose from, or something that is given is not there
 */
export async function browseMail(
  prompts: Prompts,
  { from, given, live }: BrowseRequest,
): Promise<BrowseChoice> {
  const archive = await chooseArchive(prompts, from);
  const source = await openMail(archive, given, 'browse');
  if (given.messages) return { from: archive, scope: given };

  const storeDir = findLiveStore(live);
  if (storeDir === undefined) {
    prompts.tell('No live store was found: what it lacks is not marked.');
  }

  const walk = { prompts, source, shelf: new Shelf(prompts, source, storeDir) };

  for (;;) {
    const scope = await beginWalk(walk);
    if (scope) return { from: archive, scope };
  }
}

/** Asks whether what was chosen is added to the live mail, or takes its place. */
export async function isToBeAdded(prompts: Prompts): Promise<boolean> {
  const answer = await prompts.select('Add what is missing, or replace?', [
    { name: 'Add what is missing; nothing is overwritten', value: 'add' },
    { name: 'Replace what is there', value: 'replace' },
  ]);

  return answer === 'add';
}

/** Where a person is. */
interface Walk {
  readonly prompts: Prompts;
  readonly source: MailSource;
  readonly shelf: Shelf;
}

/** A file is that archive; of a directory, one of those that can be recovered, the newest first. */
async function chooseArchive(
  prompts: Prompts,
  from: ArchivePlace,
): Promise<ArchivePlace> {
  const points = await findRecoverPoints(from);
  if (!points) return from;

  const choices = points.map((point, at) => ({
    name: formatPoint(point),
    value: String(at),
  }));

  const chosen = await prompts.select('From which backup?', choices);

  return points[Number(chosen)]?.place ?? from;
}

/** Begins behind what is given. */
function beginWalk(walk: Walk): Promise<TypedScope | undefined> {
  const { domain, user, folder } = walk.source.scope;
  if (user === undefined) {
    return domain === undefined
      ? chooseDomain(walk)
      : chooseUser(walk, domain, []);
  }

  const owner = { domain, user };

  return folder === undefined
    ? chooseFolder(walk, owner, [])
    : chooseMessages(walk, { owner, folder }, []);
}

async function chooseDomain(walk: Walk): Promise<TypedScope | undefined> {
  const { index } = walk.source;
  const choices = [
    ...index.domains.map((domain) => ({
      name: formatMailboxes(domain, index.mailboxesOf(domain)),
      value: domain,
    })),
    ...(index.mailboxes.has('#public')
      ? [{ name: 'All public folders', value: '#public' }]
      : []),
    {
      name: formatMailboxes('Everything', index.mailboxesOf(undefined)),
      value: ALL,
    },
  ];

  const domain = await walk.prompts.select('Which domain?', choices);
  if (domain === ALL) return { withSubfolders: true };
  if (domain === '#public') return { user: '#public', withSubfolders: true };

  return chooseUser(walk, domain, [BACK]);
}

/** @param back the way back, where there is one */
async function chooseUser(
  walk: Walk,
  domain: string,
  back: readonly Choice[],
): Promise<TypedScope | undefined> {
  const mailboxes = walk.source.index.mailboxesOf(domain);
  const choices = mailboxes
    .filter(({ user }) => user !== '')
    .map((mailbox) => ({
      name: formatMailboxes(mailbox.user, [mailbox]),
      value: mailbox.user,
    }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));

  for (;;) {
    const user = await walk.prompts.select(`Which user of ${domain}?`, [
      ...choices,
      { name: formatMailboxes(`All of ${domain}`, mailboxes), value: ALL },
      ...back,
    ]);

    if (user === BACK.value) return undefined;
    if (user === ALL) return { domain, withSubfolders: true };

    const scope = await chooseFolder(walk, { domain, user }, [BACK]);
    if (scope) return scope;
  }
}

async function chooseFolder(
  walk: Walk,
  owner: Owner,
  back: readonly Choice[],
): Promise<TypedScope | undefined> {
  const mailbox = mailboxOf(walk.source, owner);
  const folders = [...(mailbox?.folders ?? [])].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );

  const missing = await walk.shelf.countMissing(owner);
  const allMissing = [...missing.values()].reduce((sum, n) => sum + n, 0);
  const all = formatMailboxes('All folders', mailbox ? [mailbox] : []);

  for (;;) {
    const folder = await walk.prompts.select(
      `Which folder of ${plainText(owner.user)}?`,
      [
        ...folders.map(([name, counts]) => ({
          name: formatFolder(name, counts, missing.get(name)),
          value: name,
        })),
        { name: `${all}${formatMissing(allMissing)}`, value: ALL },
        ...back,
      ],
    );

    if (folder === BACK.value) return undefined;
    if (folder === ALL) return { ...owner, withSubfolders: true };

    const scope = await chooseMessages(walk, { owner, folder }, [BACK]);
    if (scope) return scope;
  }
}

async function chooseMessages(
  walk: Walk,
  { owner, folder }: { readonly owner: Owner; readonly folder: string },
  back: readonly Choice[],
): Promise<TypedScope | undefined> {
  const part = { ...owner, folder, withSubfolders: false };
  const question = `What of ${plainText(folderLabel(folder))}?`;

  for (;;) {
    const how = await walk.prompts.select(question, [
      { name: 'The whole folder', value: ALL },
      { name: 'The folder with its subfolders', value: 'subfolders' },
      { name: 'Some messages', value: 'some' },
      ...back,
    ]);

    if (how === BACK.value) return undefined;
    if (how !== 'some') {
      return { ...part, withSubfolders: how === 'subfolders' };
    }

    const messages = await walk.shelf.messagesOf(owner, folder);
    const picked = await walk.prompts.pick(
      'Which messages?',
      formatMessages(messages),
    );
    if (picked.length > 0) return { ...part, messages: picked };
  }
}
