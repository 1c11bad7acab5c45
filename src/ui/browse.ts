import { findRecoverPoints, readFolder } from '../jobs/browse-mail.js';
import { type MailSource, openMail } from '../jobs/select-mail.js';
import { formatMinute } from '../platform/dates.js';
import { plainText } from '../platform/plain-text.js';
import { formatCount, formatSize, plural } from '../platform/units.js';
import type { SearchHit } from '../search/run-search.js';
import { folderLabel } from '../store/mail-names.js';
import type { MailboxIndex, MailIndex } from '../store/mailboxes.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { Choice, Prompts } from './prompts.js';

/** The choice: an archive and a part of its mail. */
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
  const points = await findRecoverPoints(from);
  if (!points) return from;

  const choices = points.map(({ path, type, takenAt, messages }) => {
    const count =
      messages === undefined ? '' : `, ${plural(messages, 'message')}`;

    return { name: `${formatMinute(takenAt)}  ${type}${count}`, value: path };
  });

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

  const lines = (await readFolder(source, folder)).map(formatHit);
  const shown =
    lines.length <= LIST_LIMIT ? lines : await narrowDown(prompts, lines);

  const picked = await prompts.pick(
    'Which messages? (space marks, enter ends)',
    shown,
  );

  return picked.length === 0 ? undefined : { ...folder, messages: picked };
}

/** One line a message: date, sender, subject. */
function formatHit({ name, date, from, subject }: SearchHit): Choice {
  const cells = [
    date ? formatMinute(date) : '-'.padEnd(16),
    plainText(from, 28).padEnd(28),
    plainText(subject, 60),
  ];

  return { name: cells.join('  '), value: name };
}

async function narrowDown(
  prompts: Prompts,
  lines: readonly Choice[],
): Promise<Choice[]> {
  const holding = (text: string): Choice[] =>
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
