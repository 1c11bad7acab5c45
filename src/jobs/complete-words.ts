/** Words that complete a command line, out of the server's settings and directories: no data of an archive is read. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseVolumeName } from '../archive/names.js';
import { SETTING_KEYS } from '../config/keys.js';
import { readIniFile } from '../settings/ini-file.js';
import { decodeFolderName } from '../store/folder-name.js';
import { openServer, type OpenServer } from './server.js';

export const WORD_KINDS = [
  'archives',
  'domains',
  'folders',
  'keys',
  'targets',
  'users',
] as const;
export type WordKind = (typeof WORD_KINDS)[number];

/** More are no help to anybody who presses Tab. */
const MOST_WORDS = 2000;

/** @param typed the words of the command line, some of which name the server, a domain or a user */
export function completionWords(
  kind: WordKind,
  typed: readonly string[],
): string[] {
  if (kind === 'keys') return SETTING_KEYS.map(({ name }) => `${name}=`);

  try {
    const server = openServer({
      'server-dir': valueOf(typed, ['--server-dir']),
    });
    const words = LISTS[kind](server, typed);

    return [...new Set(words)].sort().slice(0, MOST_WORDS);
  } catch {
    // Nobody who presses Tab wants to read an error: the command itself tells it.
    return [];
  }
}

type Lister = (server: OpenServer, typed: readonly string[]) => string[];

const LISTS: Readonly<Record<Exclude<WordKind, 'keys'>, Lister>> = {
  archives: listArchives,
  domains: ({ settings }) => directoriesIn(join(settings.storeDir, 'mail')),
  users: (server, typed) =>
    mailboxDirectories(server, typed).map(({ user }) => user),
  folders: listFolders,
  targets: ({ installation }) =>
    readIniFile(installation.dir).targets.map(({ name }) => name),
};

function listArchives(
  { settings: { backupDir } }: OpenServer,
  typed: readonly string[],
): string[] {
  const directory = valueOf(typed, ['--backup-dir']) ?? backupDir;

  return readdirSync(directory)
    .filter((name) => parseVolumeName(name)?.volume === 0)
    .map((name) => join(directory, name));
}

interface MailboxDirectory {
  readonly user: string;
  readonly path: string;
}

function mailboxDirectories(
  { settings: { storeDir } }: OpenServer,
  typed: readonly string[],
): MailboxDirectory[] {
  const mail = join(storeDir, 'mail');
  const domain = valueOf(typed, ['-d', '--domain']);

  return directoriesIn(mail)
    .filter((name) => domain === undefined || name === domain)
    .flatMap((name) =>
      directoriesIn(join(mail, name)).map((user) => ({
        user,
        path: join(mail, name, user),
      })),
    );
}

function listFolders(server: OpenServer, typed: readonly string[]): string[] {
  const wanted = valueOf(typed, ['-u', '--user'])?.replace(/@.*$/, '');

  return mailboxDirectories(server, typed)
    .filter(({ user }) => wanted === undefined || user === wanted)
    .flatMap(({ path }) => foldersBelow(path, ''));
}

function foldersBelow(path: string, before: string): string[] {
  return directoriesIn(path).flatMap((name) => {
    const folder = before + decodeFolderName(name);

    return [folder, ...foldersBelow(join(path, name), `${folder}/`)];
  });
}

/** What begins with # is the server's own. */
function directoriesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('#'))
    .map(({ name }) => name);
}

/** The word behind a flag, or behind its `=`. */
function valueOf(
  typed: readonly string[],
  flags: readonly string[],
): string | undefined {
  const at = typed.findLastIndex((word) =>
    flags.includes(word.replace(/=.*$/s, '')),
  );
  const word = typed[at];
  if (word === undefined) return undefined;

  return word.includes('=') ? word.replace(/^[^=]*=/s, '') : typed[at + 1];
}
