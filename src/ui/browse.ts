import { join } from 'node:path';
import { statSync } from 'node:fs';
import { inspectDirectory } from '../archive/inspect.js';
import { NotFoundError } from '../errors.js';
import { EVERY_MESSAGE } from '../mail/message-query.js';
import { formatCount, formatSize, plural } from '../platform/units.js';
import { searchMessages } from '../search/run-search.js';
import { folderLabel } from '../store/mail-names.js';
import {
  isInScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import type { MailboxIndex, MailIndex } from '../store/mailboxes.js';
import {
  firstParts,
  type MailSource,
  onlyMessages,
  openMail,
} from '../jobs/select-mail.js';
import { formatLocal } from './present/search.js';
import type { Prompts } from './prompts.js';
import { plainText } from '../platform/shell-words.js';

/** What was chosen: an archive and a part of its mail. */
export interface BrowseChoice {
  readonly from: string;
  readonly scope: TypedScope;
}

const ALL = '(all)';
const BACK = '(back)';
/** More messages than this are no list for a person: a text narrows them down first. */
const LIST_LIMIT = 200;

/**
 * Walks a person from archive to domain, user, folder and messages, each level with a way back and a way to take all.
 * Reads headers only of the folder that is looked at.
 * @param from a backup directory or an archive
 * @throws {NotFoundError} when there is nothing to choose from
 */
export async function browseMail(
  prompts: Prompts,
  from: string,
): Promise<BrowseChoice> {
  const archive = await chooseArchive(prompts, from);
  const source = await openMail(archive, { withSubfolders: true }, 'browse');

  for (;;) {
    const scope = await chooseDomain(prompts, source);
    if (scope) return { from: archive, scope };
  }
}

/** A file is that archive; of a directory, one of those that can be recovered, the newest first. */
async function chooseArchive(prompts: Prompts, from: string): Promise<string> {
  if (statSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return from;
  }

  const points = (await inspectDirectory(from))
    .filter((state) => state.isRecoverable || state.isPartlyRecoverable)
    .reverse();
  if (points.length === 0) {
    throw new NotFoundError(
      `there is no archive in ${from} that can be recovered`,
    );
  }

  const choices = points.map(({ facts: { files, summary } }) => ({
    name: `${formatLocal(files.takenAt)}  ${files.type}${summary?.messages === undefined ? '' : `, ${plural(summary.messages, 'message')}`}`,
    value: join(from, `${files.stem}.zip`),
  }));

  return prompts.select('From which backup?', choices);
}

async function chooseDomain(
  prompts: Prompts,
  source: MailSource,
): Promise<TypedScope | undefined> {
  const { index } = source;
  const choices = [
    ...index.domains.map((domain) => ({
      name: label(domain, index.mailboxesOf(domain)),
      value: domain,
    })),
    ...(index.mailboxes.has('#public')
      ? [{ name: 'All public folders', value: '#public' }]
      : []),
    { name: label('Everything', index.mailboxesOf(undefined)), value: ALL },
  ];

  const domain = await prompts.select('Which domain?', choices);
  if (domain === ALL) return { withSubfolders: true };
  if (domain === '#public') return { user: '#public', withSubfolders: true };

  for (;;) {
    const user = await chooseUser(prompts, index, domain);
    if (user === BACK) return undefined;
    if (user === ALL) return { domain, withSubfolders: true };

    const scope = await chooseFolder(prompts, source, { domain, user });
    if (scope) return scope;
  }
}

function chooseUser(
  prompts: Prompts,
  index: MailIndex,
  domain: string,
): Promise<string> {
  const mailboxes = index.mailboxesOf(domain);
  const users = mailboxes.filter(({ user }) => user !== '');

  const choices = users.map((mailbox) => ({
    name: label(mailbox.user, [mailbox]),
    value: mailbox.user,
  }));

  choices.sort((a, b) => (a.value < b.value ? -1 : 1));

  return prompts.select(`Which user of ${domain}?`, [
    ...choices,
    { name: label(`All of ${domain}`, mailboxes), value: ALL },
    { name: 'Back', value: BACK },
  ]);
}

async function chooseFolder(
  prompts: Prompts,
  source: MailSource,
  owner: { readonly domain: string; readonly user: string },
): Promise<TypedScope | undefined> {
  const mailbox = source.index.mailboxes.get(`${owner.domain}/${owner.user}`);
  const folders = [...(mailbox?.folders ?? [])].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );

  for (;;) {
    const folder = await prompts.select(`Which folder of ${owner.user}?`, [
      ...folders.map(([name, { messages, sizeBytes }]) => ({
        name: `${plainText(folderLabel(name))}  ${plural(messages, 'message')}, ${formatSize(sizeBytes)}`,
        value: name,
      })),
      { name: label('All folders', mailbox ? [mailbox] : []), value: ALL },
      { name: 'Back', value: BACK },
    ]);

    if (folder === BACK) return undefined;
    if (folder === ALL) return { ...owner, withSubfolders: true };

    const scope = await chooseMessages(prompts, source, {
      ...owner,
      folder,
      withSubfolders: false,
    });

    if (scope) return scope;
  }
}

async function chooseMessages(
  prompts: Prompts,
  source: MailSource,
  folder: TypedScope,
): Promise<TypedScope | undefined> {
  const how = await prompts.select(
    `What of ${plainText(folderLabel(folder.folder ?? ''))}?`,
    [
      { name: 'The whole folder', value: ALL },
      { name: 'The folder with its subfolders', value: 'subfolders' },
      { name: 'Some messages', value: 'some' },
      { name: 'Back', value: BACK },
    ],
  );

  if (how === BACK) return undefined;
  if (how !== 'some') {
    return { ...folder, withSubfolders: how === 'subfolders' };
  }

  const lines = await listMessages(source, folder);
  const shown =
    lines.length <= LIST_LIMIT ? lines : await narrowDown(prompts, lines);

  const picked = await prompts.pick(
    'Which messages? (space marks, enter ends)',
    shown,
  );

  return picked.length === 0 ? undefined : { ...folder, messages: picked };
}

/** One line a message, newest first: date, sender, subject. */
async function listMessages(
  source: MailSource,
  folder: TypedScope,
): Promise<{ name: string; value: string }[]> {
  const scope = resolveScope(source.index, folder);
  const { messages } = onlyMessages(
    source,
    (place) => place.isMessage && isInScope(scope, place),
  );

  const { hits } = await searchMessages(
    firstParts(messages),
    EVERY_MESSAGE,
    {},
  );

  return [...hits].reverse().map(({ name, date, from, subject }) => ({
    name: `${date ? formatLocal(date) : '-'.padEnd(16)}  ${plainText(from, 28).padEnd(28)}  ${plainText(subject, 60)}`,
    value: name,
  }));
}

async function narrowDown(
  prompts: Prompts,
  lines: readonly { name: string; value: string }[],
): Promise<{ name: string; value: string }[]> {
  const holding = (text: string): { name: string; value: string }[] =>
    lines.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const text = await prompts.text({
    message: `${formatCount(lines.length)} messages. Show those whose date, sender or subject hold:`,
    initial: '',
    validate: (typed) => {
      const count = holding(typed).length;
      if (count === 0) return 'No message holds that.';
      return (
        count <= LIST_LIMIT ||
        `${formatCount(count)} messages hold that; at most ${LIST_LIMIT} can be listed.`
      );
    },
  });

  return holding(text);
}

function label(name: string, mailboxes: readonly MailboxIndex[]): string {
  const folders = mailboxes.flatMap((mailbox) => [...mailbox.folders.values()]);
  const messages = folders.reduce((sum, folder) => sum + folder.messages, 0);
  const sizeBytes = folders.reduce((sum, folder) => sum + folder.sizeBytes, 0);
  return `${plainText(name)}  ${plural(messages, 'message')}, ${formatSize(sizeBytes)}`;
}
